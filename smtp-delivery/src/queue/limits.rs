use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How much is delivered at the same time, and when a destination is left alone.
///
/// A destination begins with a few deliveries at once and gets one more with each that it takes. One
/// that does not answer gets half as many; when nothing got through several times in a row, it is left
/// alone for a time that grows, and then tried with one.
///
/// Destinations that have not lately answered share a part of the places, so that many that keep their
/// deliveries waiting leave places for those that answer. At the start nobody has answered yet. Those that
/// [`to`](Self::to) names are not among them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// Deliveries at once in all: 200.
    pub total: usize,
    /// Deliveries at once to one destination: 20.
    pub destination: usize,
    /// With how many a destination begins: 5.
    pub initial: usize,
    /// The part of all places that destinations share which have not lately answered, whatever the answer, within
    /// 5 minutes of the beginning of a delivery: 0.75, rounded up, and one place at least. 1 leaves no place to the
    /// others.
    pub unproven: f64,
    /// For how long it counts that a destination has answered: 30 minutes.
    pub proof: Duration,
    /// How many failures in a row it takes to leave a destination alone: 3.
    pub failures: u32,
    /// For how long a destination is left alone first: 1 minute; twice as long each further time.
    pub back_off: Duration,
    /// For how long at most: 30 minutes.
    pub longest_back_off: Duration,
    pub(super) named: HashMap<Arc<str>, usize>,
}

impl Limits {
    /// So many deliveries at once to this destination, from the first on.
    #[must_use]
    pub fn to(mut self, destination: impl Into<Arc<str>>, deliveries: usize) -> Self {
        self.named.insert(destination.into(), deliveries.max(1));
        self
    }

    pub(super) fn most(&self, destination: &str) -> usize {
        self.named.get(destination).copied().unwrap_or(self.destination).max(1)
    }

    /// How many places those share that have not lately answered.
    pub(super) fn shared(&self) -> usize {
        let all = self.total.max(1);
        // Numbers that are none become 0.
        ((all as f64 * self.unproven).ceil() as usize).clamp(1, all)
    }

    pub(super) fn is_named(&self, destination: &str) -> bool {
        self.named.contains_key(destination)
    }

    pub(super) fn first(&self, destination: &str) -> usize {
        match self.named.get(destination) {
            Some(deliveries) => *deliveries,
            None => self.initial.clamp(1, self.destination.max(1)),
        }
    }

    /// How long to leave a destination alone that failed this often in a row, if at all.
    pub(super) fn alone(&self, failures: u32) -> Option<Duration> {
        let more = failures.checked_sub(self.failures.max(1))?;
        let factor = 1_u32.checked_shl(more).unwrap_or(u32::MAX);
        Some(self.back_off.saturating_mul(factor).min(self.longest_back_off))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: 200,
            destination: 20,
            initial: 5,
            unproven: 0.75,
            proof: Duration::from_mins(30),
            failures: 3,
            back_off: Duration::from_mins(1),
            longest_back_off: Duration::from_mins(30),
            named: HashMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shared_places_are_some_and_no_more_than_all() {
        for (total, unproven, expected) in [
            (200, 0.75, 150),
            (8, 0.75, 6),
            (3, 0.75, 3),
            (1, 0.75, 1),
            (0, 0.75, 1),
            (200, 0.0, 1),
            (200, 1.0, 200),
            (200, 7.0, 200),
            (200, -1.0, 1),
            (200, f64::NAN, 1),
            (200, f64::INFINITY, 200),
        ] {
            assert_eq!(
                Limits { total, unproven, ..Limits::default() }.shared(),
                expected,
                "{total} {unproven}"
            );
        }
    }
}
