use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::{Extension, TypedParameter};
use crate::{Capability, Mail, Reply, Session};

/// FUTURERELEASE (RFC 4865): the sender has a message held back for a while.
///
/// Its promise is kept by a queue. It is for submission: stack it where clients authenticate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FutureRelease {
    at_most: Duration,
}

impl FutureRelease {
    /// Holds messages for `time` at most. In whole seconds, up to 999,999,999.
    pub fn at_most(time: Duration) -> Self {
        Self { at_most: Duration::from_secs(time.as_secs().min(HoldFor::MAX.into())) }
    }

    fn latest(self) -> SystemTime {
        SystemTime::now() + self.at_most
    }
}

impl Extension for FutureRelease {
    fn capability(&self, _: &Session) -> Option<Capability> {
        let latest = HoldUntil(self.latest()).to_value()?;
        Some(
            Capability::new("FUTURERELEASE")
                .argument(&self.at_most.as_secs().to_string())
                .argument(&latest)
                .mail_parameters(&["HOLDFOR", "HOLDUNTIL"])
                .line_allowance(34),
        )
    }

    fn check_mail(&self, mail: &Mail, _: &Session) -> Result<(), Reply> {
        let hold_for = mail.parameters.typed::<HoldFor>().map_err(|error| error.reply())?;
        let hold_until = mail.parameters.typed::<HoldUntil>().map_err(|error| error.reply())?;
        let too_long = match (hold_for, hold_until) {
            (Some(_), Some(_)) => {
                return Err(Reply::new(501, "5.5.4 HOLDFOR and HOLDUNTIL exclude each other"));
            }
            (Some(HoldFor(seconds)), None) => u64::from(seconds) > self.at_most.as_secs(),
            (None, Some(HoldUntil(time))) => time > self.latest(),
            (None, None) => false,
        };
        if too_long { Err(Reply::new(501, "5.5.4 messages are not held for so long")) } else { Ok(()) }
    }
}

/// `HOLDFOR=` of MAIL: for how many seconds the message is to be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldFor(u32);

impl HoldFor {
    const MAX: u32 = 999_999_999;

    /// Up to 999,999,999 seconds, and at least one.
    pub fn new(seconds: u32) -> Option<Self> {
        matches!(seconds, 1..=Self::MAX).then_some(Self(seconds))
    }

    /// The number of seconds.
    pub fn seconds(self) -> u32 {
        self.0
    }
}

impl TypedParameter for HoldFor {
    const KEYWORD: &'static str = "HOLDFOR";

    fn from_value(value: Option<&str>) -> Option<Self> {
        let value = value.filter(|value| matches!(value.len(), 1..=9))?;
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        value.parse().ok().filter(|_| digits).and_then(Self::new)
    }

    fn to_value(&self) -> Option<String> {
        Some(self.0.to_string())
    }
}

/// `HOLDUNTIL=` of MAIL: until when the message is to be held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldUntil(pub SystemTime);

impl TypedParameter for HoldUntil {
    const KEYWORD: &'static str = "HOLDUNTIL";

    /// A date and time of RFC 3339, with its offset from UTC.
    fn from_value(value: Option<&str>) -> Option<Self> {
        let value = value.filter(|value| value.len() <= 40 && value.contains(['T', 't']))?;
        value.parse::<Timestamp>().ok().map(|time| Self(time.into()))
    }

    fn to_value(&self) -> Option<String> {
        let time = Timestamp::try_from(self.0).ok()?;
        Timestamp::from_second(time.as_second()).ok().map(|time| time.to_string())
    }
}
