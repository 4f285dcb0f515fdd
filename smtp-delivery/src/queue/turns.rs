use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// How far apart two messages of one sender stand in the line for a destination.
const STEP: i64 = 1_000_000;
/// How far into the future a sender's messages stand at most.
const FURTHEST: Duration = Duration::from_hours(24);
/// How many pairs of destination and sender are kept in mind before those that are over are forgotten.
const MANY: usize = 10_000;

/// Gives messages their places in the line for a destination, so that who sends many does not keep
/// waiting who sends one.
///
/// A place is a time in microseconds: now for the first message of a sender, a second later than the
/// last one for each further. So the line goes by time where everybody sends little, and who sent ten
/// thousand at once has them spread among what comes in the next hours. It delays nothing: whatever
/// stands first is next.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    last: HashMap<(Arc<str>, String), i64>,
    /// How many there were when those that are over were forgotten.
    kept: usize,
}

impl Turns {
    pub(super) fn next(&self, destination: &Arc<str>, sender: String, now: SystemTime) -> i64 {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let (now, furthest) = (micros(now), micros(now + FURTHEST));
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.last.len() > MANY.max(2 * lines.kept) {
            lines.last.retain(|_, last| *last + STEP > now);
            lines.kept = lines.last.len();
        }
        let turn = lines.last.entry((destination.clone(), sender)).or_insert(i64::MIN);
        *turn = turn.saturating_add(STEP).clamp(now, furthest);
        *turn
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sends_many_lets_others_go_first() {
        let (turns, now) = (Turns::default(), SystemTime::now());
        let destination: Arc<str> = "example.org".into();
        let next = |sender: &str, at| turns.next(&destination, sender.to_owned(), at);
        let many: Vec<i64> = (0..100).map(|_| next("joe", now)).collect();
        assert!(many.is_sorted() && many[0] < many[99]);
        let one = next("ann", now + Duration::from_secs(10));
        assert_eq!(many.iter().filter(|turn| **turn < one).count(), 10);
        // Elsewhere, and later, that is forgotten.
        assert_eq!(turns.next(&"example.net".into(), "joe".into(), now), many[0]);
        let later = now + Duration::from_secs(1000);
        assert_eq!(next("joe", later), next("kim", later));
    }

    #[test]
    fn is_bounded() {
        let (turns, now) = (Turns::default(), SystemTime::now());
        let destination: Arc<str> = "example.org".into();
        for number in 0..5 * MANY {
            let at = now + Duration::from_secs(number as u64);
            turns.next(&destination, number.to_string(), at);
        }
        assert!(turns.0.lock().unwrap().last.len() <= MANY + 1);
        for _ in 0..100_000 {
            turns.next(&destination, "joe".into(), now);
        }
        let turn = turns.next(&destination, "joe".into(), now);
        assert!(turn <= micros(now.duration_since(UNIX_EPOCH).unwrap() + FURTHEST));
    }
}
