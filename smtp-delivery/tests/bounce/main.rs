//! Notifications, read by software that this project did not write.

mod mailman;
mod python;
mod random;

use std::time::{Duration, SystemTime};

use smtp_core::testing::{domain, recipient, sender};
use smtp_core::{Body, Mail, Parameter, Recipient};
use smtp_delivery::bounce::{Notification, Notifier, Original, Report};

/// A moment of the year 2026.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_366_400)
}

fn parameter(text: &str) -> Parameter {
    Parameter::parse(text).unwrap_or_else(|| panic!("{text}"))
}

/// A sender with parameters.
fn mail(address: &str, parameters: &[&str]) -> Mail {
    let mut mail = sender(address);
    parameters.iter().for_each(|text| mail.parameters.insert(parameter(text)));
    mail
}

/// A recipient with parameters.
fn rcpt(address: &str, parameters: &[&str]) -> Recipient {
    let mut recipient = recipient(address);
    parameters.iter().for_each(|text| recipient.parameters.insert(parameter(text)));
    recipient
}

/// The one notification that is due.
async fn notification(original: &Original<'_>, reports: &[Report<'_>], content: Vec<u8>) -> Notification {
    let notifier = Notifier::new(domain("mx.example.org"));
    let notices = notifier.notices(original, reports, now() + Duration::from_secs(5 * 60 * 60));
    assert_eq!(notices.len(), 1);
    notifier.compose(&notices[0], Body::from(content)).await
}
