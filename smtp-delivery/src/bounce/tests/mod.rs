mod golden;
mod plan;

use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;
use smtp_core::testing::{domain, recipient, sender};
use smtp_core::{Mail, Parameter, Recipient};

use super::*;

/// Sunday, 1 March 2026, 12:00:00 UTC, and this many seconds.
fn time(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_366_400 + seconds)
}

const HOUR: u64 = 60 * 60;

fn notifier() -> Notifier {
    let mut notifier = Notifier::new(domain("mx.example.org"));
    notifier.zone = TimeZone::UTC;
    notifier
}

fn parameter(text: &str) -> Parameter {
    Parameter::parse(text).unwrap_or_else(|| panic!("{text}"))
}

/// `address PARAMETER PARAMETER`
fn mail(text: &str) -> Mail {
    let mut words = text.split(' ');
    let mut mail = sender(words.next().unwrap());
    words.for_each(|word| mail.parameters.insert(parameter(word)));
    mail
}

/// `address PARAMETER PARAMETER`
fn rcpt(text: &str) -> Recipient {
    let mut words = text.split(' ');
    let mut recipient = recipient(words.next().unwrap());
    words.for_each(|word| recipient.parameters.insert(parameter(word)));
    recipient
}
