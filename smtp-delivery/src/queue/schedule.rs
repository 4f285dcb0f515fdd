use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When a message that was not delivered is tried again, and for how long.
///
/// The intervals grow by `factor` from `first` to `longest`; each is longer or shorter by chance by up
/// to `jitter` of it, so that what failed together does not come back together.
///
/// ```
/// use std::time::Duration;
/// use smtp_delivery::queue::RetrySchedule;
///
/// let mut schedule = RetrySchedule::default();
/// schedule.jitter = 0.0;
/// let minutes: Vec<u64> = (1..=5).map(|failed| schedule.interval(failed).as_secs() / 60).collect();
/// assert_eq!(minutes, [5, 10, 20, 40, 80]);
/// assert_eq!(schedule.interval(100), Duration::from_hours(4));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RetrySchedule {
    /// Behind the first attempt: 5 minutes. RFC 5321 section 4.5.4.1 asks for 30, and for less in the
    /// beginning, when most failures are greylisting.
    pub first: Duration,
    /// What each interval is to the one before: 2.
    pub factor: f64,
    /// The longest interval: 4 hours.
    pub longest: Duration,
    /// The part of an interval by which it differs at most: 0.1.
    pub jitter: f64,
    /// For how long a message is tried: 5 days (RFC 5321 section 4.5.4.1 asks for 4 to 5).
    pub lifetime: Duration,
    /// For how long a notification is tried, of which nobody hears if it fails: 2 days.
    pub notification_lifetime: Duration,
    /// After which time the sender hears that the message is late: 4 hours; `None` for never.
    pub delay_notice: Option<Duration>,
}

impl RetrySchedule {
    /// How long to wait behind this many failed attempts, the first of which is 1.
    pub fn interval(&self, failed: u32) -> Duration {
        let longest = self.longest.as_secs_f64();
        let exponent = i32::try_from(failed.saturating_sub(1)).unwrap_or(i32::MAX);
        let grown = (self.first.as_secs_f64() * self.factor.powi(exponent)).min(longest);
        let chance = 1.0 + self.jitter.clamp(0.0, 1.0) * (2.0 * rand::random::<f64>() - 1.0);
        // An absurd factor gives no duration at all.
        Duration::try_from_secs_f64(grown * chance).unwrap_or(self.longest)
    }
}

/// The end of the year 9999: what is later has no date.
const FAR: Duration = Duration::from_secs(253_402_300_799);

/// What is so much later, as far as there is such a time. Durations come from settings, and times from clients.
pub(super) fn later(time: SystemTime, wait: Duration) -> SystemTime {
    let far = UNIX_EPOCH + FAR;
    time.checked_add(wait).map_or(far, |later| later.min(far))
}

impl Default for RetrySchedule {
    fn default() -> Self {
        Self {
            first: Duration::from_mins(5),
            factor: 2.0,
            longest: Duration::from_hours(4),
            jitter: 0.1,
            lifetime: Duration::from_hours(5 * 24),
            notification_lifetime: Duration::from_hours(2 * 24),
            delay_notice: Some(Duration::from_hours(4)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_grow_and_differ() {
        let schedule = RetrySchedule::default();
        for (failed, seconds) in [(1, 300.0), (2, 600.0), (3, 1200.0), (u32::MAX, 14400.0)] {
            let all: Vec<f64> = (0..100).map(|_| schedule.interval(failed).as_secs_f64()).collect();
            assert!(all.iter().all(|interval| (interval / seconds - 1.0).abs() <= 0.1), "{all:?}");
            assert!(all.iter().any(|interval| interval != &all[0]));
        }
    }

    #[test]
    fn no_time_is_too_late() {
        let far = UNIX_EPOCH + FAR;
        assert_eq!(later(UNIX_EPOCH, Duration::from_secs(7)), UNIX_EPOCH + Duration::from_secs(7));
        for (time, wait) in [(SystemTime::now(), Duration::MAX), (far, Duration::from_secs(1)), (far, FAR)] {
            assert_eq!(later(time, wait), far);
        }
    }

    #[test]
    fn absurd_numbers_do_no_harm() {
        for factor in [f64::NAN, f64::INFINITY, -1.0, 0.0] {
            let schedule = RetrySchedule { factor, ..RetrySchedule::default() };
            assert!(schedule.interval(7) <= schedule.longest.mul_f64(1.1));
        }
    }
}
