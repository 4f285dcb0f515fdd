use std::time::Duration;

use super::{Extension, TypedParameter};
use crate::{Capability, Mail, Reply, Session};

/// DELIVERBY (RFC 2852): the sender says by when a message must be delivered, and what happens if
/// it is not.
///
/// Its promise is kept by a queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeliverBy {
    at_least: Option<Duration>,
}

impl DeliverBy {
    /// Takes any time.
    pub fn new() -> Self {
        Self::default()
    }

    /// Refuses a time shorter than this, where the message would be returned. In whole seconds.
    #[must_use]
    pub fn at_least(mut self, time: Duration) -> Self {
        self.at_least = Some(time);
        self
    }
}

impl Extension for DeliverBy {
    fn capability(&self, _: &Session) -> Option<Capability> {
        let capability = Capability::new("DELIVERBY").mail_parameters(&["BY"]).line_allowance(17);
        Some(match self.at_least {
            None => capability,
            Some(time) => capability.argument(&time.as_secs().to_string()),
        })
    }

    fn check_mail(&self, mail: &Mail, _: &Session) -> Result<(), Reply> {
        let by = mail.parameters.typed::<DeliverByTime>().map_err(|error| error.reply())?;
        let least = self.at_least.unwrap_or_default().as_secs();
        match by {
            Some(by) if by.mode == ByMode::Return && u64::from(by.seconds.unsigned_abs()) < least => {
                // RFC 2852 section 4: a time that cannot be kept is refused at once.
                Err(Reply::new(553, "5.4.7 delivery by this time is not possible"))
            }
            _ => Ok(()),
        }
    }
}

/// `BY=` of MAIL (RFC 2852 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DeliverByTime {
    seconds: i32,
    mode: ByMode,
    trace: bool,
}

/// What happens to a message that was not delivered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ByMode {
    /// `N`: the sender is told, and delivery goes on.
    Notify,
    /// `R`: it is returned.
    Return,
}

impl DeliverByTime {
    /// The most seconds, early or late.
    const MAX: i32 = 999_999_999;

    /// A time from now in seconds; negative if it is over. `None` beyond nine digits, or if a message
    /// is to be returned that is too late already.
    pub fn new(seconds: i32, mode: ByMode) -> Option<Self> {
        let within = (-Self::MAX..=Self::MAX).contains(&seconds);
        (within && (seconds > 0 || mode == ByMode::Notify)).then_some(Self { seconds, mode, trace: false })
    }

    /// Asks servers on the way for a notice that they have seen the message.
    #[must_use]
    pub fn traced(mut self) -> Self {
        self.trace = true;
        self
    }

    /// How many seconds are left; negative if the time is over.
    pub fn seconds(&self) -> i32 {
        self.seconds
    }

    /// What happens if the time is over.
    pub fn mode(&self) -> ByMode {
        self.mode
    }

    /// Whether servers on the way are asked for notices.
    pub fn is_traced(&self) -> bool {
        self.trace
    }
}

impl TypedParameter for DeliverByTime {
    const KEYWORD: &'static str = "BY";

    fn from_value(value: Option<&str>) -> Option<Self> {
        let (time, mode) = value?.split_once(';')?;
        let digits = time.strip_prefix(['+', '-']).unwrap_or(time);
        if !matches!(digits.len(), 1..=9) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (mode, trace) = match mode.to_ascii_uppercase().as_str() {
            "N" => (ByMode::Notify, false),
            "NT" => (ByMode::Notify, true),
            "R" => (ByMode::Return, false),
            "RT" => (ByMode::Return, true),
            _ => return None,
        };
        Self::new(time.parse().ok()?, mode).map(|by| Self { trace, ..by })
    }

    fn to_value(&self) -> Option<String> {
        let mode = match self.mode {
            ByMode::Notify => "N",
            ByMode::Return => "R",
        };
        let trace = if self.trace { "T" } else { "" };
        Some(format!("{};{mode}{trace}", self.seconds))
    }
}
