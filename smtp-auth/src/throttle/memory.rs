use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::mem::discriminant;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::log::{AttemptKey, AttemptLog};

/// How many keys of each kind are remembered; an entry takes some 32 octets.
const MOST: usize = 1 << 16;

/// Remembers in memory, of names no more than a hash.
///
/// Each kind of key has a table of its own: who fills the one with failures from many networks does
/// not make the server forget who is known.
pub(super) struct MemoryLog {
    hasher: RandomState,
    networks: Table,
    sites: Table,
    accounts: Table,
    pairs: Table,
    known: Table,
}

/// Until when something is remembered, by the hash of its key.
struct Table {
    ends: Mutex<HashMap<u64, Instant>>,
    most: usize,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::holding(MOST)
    }
}

impl MemoryLog {
    fn holding(most: usize) -> Self {
        let table = || Table { ends: Mutex::default(), most };
        Self {
            hasher: RandomState::new(),
            networks: table(),
            sites: table(),
            accounts: table(),
            pairs: table(),
            known: table(),
        }
    }

    fn table(&self, key: &AttemptKey<'_>) -> (&Table, u64) {
        let table = match key {
            AttemptKey::Network(_) => &self.networks,
            AttemptKey::Site(_) => &self.sites,
            AttemptKey::Account(_) => &self.accounts,
            AttemptKey::Pair(..) => &self.pairs,
            AttemptKey::Known(..) => &self.known,
        };
        (table, self.hasher.hash_one((discriminant(key), key)))
    }
}

impl AttemptLog for MemoryLog {
    fn remaining(&self, key: &AttemptKey<'_>) -> Duration {
        let (table, hash) = self.table(key);
        let end = table.lock().get(&hash).copied();
        end.map_or(Duration::ZERO, |end| end.saturating_duration_since(Instant::now()))
    }

    fn extend(&self, key: &AttemptKey<'_>, by: Duration, longest: Duration) {
        let (table, hash) = self.table(key);
        let now = Instant::now();
        let mut ends = table.lock();
        if ends.len() >= table.most && !ends.contains_key(&hash) {
            make_room(&mut ends, now);
        }
        let end = ends.entry(hash).or_insert(now);
        *end = ((*end).max(now) + by).min(now + longest);
    }

    fn clear(&self, key: &AttemptKey<'_>) {
        let (table, hash) = self.table(key);
        table.lock().remove(&hash);
    }
}

impl Table {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Instant>> {
        // Nothing panics while the lock is held.
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes out what ran out, and if that is not enough the half that runs out first: who failed most is
/// remembered longest. Looks at the whole table, but then not again for half a table.
fn make_room(ends: &mut HashMap<u64, Instant>, now: Instant) {
    let most = ends.len();
    ends.retain(|_, end| *end > now);
    if ends.len() > most / 2 {
        let mut all: Vec<Instant> = ends.values().copied().collect();
        let middle = all.len() / 2;
        let (_, median, _) = all.select_nth_unstable(middle);
        let median = *median;
        ends.retain(|_, end| *end > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn time_adds_up_and_runs_out() {
        let log = MemoryLog::default();
        let alice = AttemptKey::Account("alice");
        for minutes in [1, 2, 3, 3] {
            log.extend(&alice, MINUTE, 3 * MINUTE);
            assert_eq!(log.remaining(&alice), minutes * MINUTE);
        }
        assert_eq!(log.remaining(&AttemptKey::Account("bob")), Duration::ZERO);
        tokio::time::advance(MINUTE).await;
        assert_eq!(log.remaining(&alice), 2 * MINUTE);
        log.clear(&alice);
        assert_eq!(log.remaining(&alice), Duration::ZERO);
        log.extend(&alice, MINUTE, MINUTE);
        tokio::time::advance(2 * MINUTE).await;
        log.extend(&alice, MINUTE, 3 * MINUTE);
        assert_eq!(log.remaining(&alice), MINUTE, "what ran out is not made up for");
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_bounded_and_the_worst_are_remembered() {
        let log = MemoryLog::holding(8);
        let worst = AttemptKey::Account("worst");
        log.extend(&worst, 10 * MINUTE, 10 * MINUTE);
        for number in 0..1000 {
            log.extend(&AttemptKey::Account(&number.to_string()), MINUTE, MINUTE);
            tokio::time::advance(Duration::from_millis(10)).await;
            assert!(log.accounts.lock().len() <= 8);
        }
        assert!(log.remaining(&worst) > 9 * MINUTE);
    }
}
