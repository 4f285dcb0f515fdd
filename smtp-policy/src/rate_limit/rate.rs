use std::cell::Cell;
use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};
use smtp_core::state::{Moment, StateEntry};

use crate::spell::Spelt;

/// The longest span; what is rarer is no rate.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);

/// So many in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    most: NonZeroU32,
    per: Duration,
}

impl Rate {
    /// So many in so much time, in a year at most; at least one.
    pub const fn new(most: u32, per: Duration) -> Self {
        let most = match NonZeroU32::new(most) {
            Some(most) => most,
            None => NonZeroU32::MIN,
        };
        Self { most, per: if per.as_nanos() > LONGEST.as_nanos() { LONGEST } else { per } }
    }

    /// So many a minute.
    pub const fn per_minute(most: u32) -> Self {
        Self::new(most, Duration::from_secs(60))
    }

    /// So many an hour.
    pub const fn hourly(most: u32) -> Self {
        Self::new(most, Duration::from_secs(3600))
    }

    /// So many a day.
    pub const fn daily(most: u32) -> Self {
        Self::new(most, Duration::from_secs(86_400))
    }

    /// Takes one out of the bucket in `entry`, if there is one left.
    pub(crate) fn take(self, entry: &mut Option<StateEntry>, now: Moment) -> bool {
        let Some(quota) = Quota::with_period(self.per / self.most.get()) else { return true };
        let quota = quota.allow_burst(self.most);
        // What a file says may be nonsense: no bucket is emptier than empty, or full again after it ran out.
        let stored = entry.map(|entry| {
            let latest = entry.until.min(now + self.per).since_epoch();
            Duration::from_nanos(entry.value).min(latest)
        });
        let bucket = Bucket(Cell::new(stored.map(Nanos::from)));
        // It counts from the beginning of 1970: the clock shows that when the limiter is made.
        let limiter: RateLimiter<_, _, _, NoOpMiddleware<Duration>> =
            RateLimiter::new(quota, bucket, Hands::default());
        limiter.clock().0.set(now.since_epoch());
        let is_left = limiter.check().is_ok();
        if let Some(full_again) = limiter.into_state_store().0.get().filter(|_| is_left) {
            let until = Moment::after_epoch(full_again.into());
            *entry = Some(StateEntry { value: full_again.as_u64(), until });
        }
        is_left
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.most, Spelt(self.per))
    }
}

/// The time of one check.
#[derive(Debug, Clone, Default)]
struct Hands(Cell<Duration>);

impl Clock for Hands {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.get()
    }
}

/// What governor remembers of a bucket: when it will be full again. Our store keeps it between the checks.
struct Bucket(Cell<Option<Nanos>>);

impl StateStore for Bucket {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let (outcome, full_again) = decide(self.0.get())?;
        self.0.set(Some(full_again));
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::after_epoch(Duration::from_secs(1_800_000_000 + seconds))
    }

    #[test]
    fn a_bucket_empties_and_refills() {
        let rate = Rate::per_minute(3);
        let mut entry = None;
        let mut take = |seconds| rate.take(&mut entry, at(seconds));
        assert_eq!([0, 0, 0, 0, 19].map(&mut take), [true, true, true, false, false]);
        assert_eq!([20, 20, 40, 40].map(&mut take), [true, false, true, false]);
        assert_eq!([200, 200, 200, 200].map(&mut take), [true, true, true, false]);
        assert_eq!(entry.unwrap().until, at(260));
    }

    #[test]
    fn nonsense_is_no_harm() {
        let rate = Rate::new(0, Duration::MAX);
        for value in [0, 1, u64::MAX] {
            let mut entry = Some(StateEntry { value, until: at(10) });
            rate.take(&mut entry, at(0));
            assert!(rate.take(&mut entry, at(800 * 86_400)), "{value}");
        }
        assert!(Rate::new(1, Duration::ZERO).take(&mut None, at(0)));
        assert!(Rate::hourly(u32::MAX).take(&mut None, Moment::after_epoch(Duration::ZERO)));
    }
}
