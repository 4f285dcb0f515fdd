use std::ops::Add;
use std::time::{Duration, SystemTime};

/// A time by the clock of a store, which may outlive the process: how long after the beginning of 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(Duration);

impl Moment {
    /// The time by the system's clock.
    pub fn now() -> Self {
        Self(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default())
    }

    /// The time that is so long after the beginning of 1970.
    pub const fn after_epoch(duration: Duration) -> Self {
        Self(duration)
    }

    /// How long after the beginning of 1970 it is.
    pub const fn since_epoch(self) -> Duration {
        self.0
    }

    /// How long after `earlier` it is; no time at all if it is before that.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}
