use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, PoisonError};

use super::{Moment, StateChange, StateEntry, StateKey, StateStore};
use crate::{BoxError, BoxFuture};

/// How many entries of each space are remembered unless told otherwise.
const MOST: usize = 1 << 16;

/// Remembers in memory, of names no more than a hash: some 40 octets an entry, whatever strangers send.
///
/// Each space has a table of its own. What is full forgets what ran out, and then the half that runs out
/// first.
pub struct MemoryState {
    hasher: RandomState,
    most: usize,
    clock: Box<dyn Fn() -> Moment + Send + Sync>,
    spaces: Mutex<HashMap<&'static str, HashMap<u64, StateEntry>>>,
}

impl MemoryState {
    /// Nothing yet; goes by the system's clock, and holds 65,536 entries of each space.
    pub fn new() -> Self {
        Self::with_clock(Moment::now)
    }

    /// The same by another clock, that of a test for example.
    pub fn with_clock(clock: impl Fn() -> Moment + Send + Sync + 'static) -> Self {
        Self { hasher: RandomState::new(), most: MOST, clock: Box::new(clock), spaces: Mutex::default() }
    }

    /// How many entries of each space are held.
    #[must_use]
    pub fn most(mut self, entries: usize) -> Self {
        self.most = entries.max(1);
        self
    }

    fn apply(&self, key: &StateKey, change: &mut StateChange) {
        let hash = self.hasher.hash_one(key);
        let now = (self.clock)();
        // A change that panics leaves the table whole.
        let mut spaces = self.spaces.lock().unwrap_or_else(PoisonError::into_inner);
        let table = spaces.entry(key.space()).or_default();
        let mut entry = table.get(&hash).copied().filter(|entry| entry.until > now);
        change(&mut entry, now);
        match entry.filter(|entry| entry.until > now) {
            None => {
                table.remove(&hash);
            }
            Some(entry) => {
                if table.len() >= self.most && !table.contains_key(&hash) {
                    make_room(table, now);
                }
                table.insert(hash, entry);
            }
        }
    }
}

/// Looks at the whole table, but then not again for half a table.
fn make_room(table: &mut HashMap<u64, StateEntry>, now: Moment) {
    let most = table.len();
    table.retain(|_, entry| entry.until > now);
    if table.len() > most / 2 {
        let mut ends: Vec<Moment> = table.values().map(|entry| entry.until).collect();
        let middle = ends.len() / 2;
        let (_, median, _) = ends.select_nth_unstable(middle);
        let median = *median;
        table.retain(|_, entry| entry.until > median);
    }
}

impl StateStore for MemoryState {
    fn update(&self, key: StateKey, mut change: StateChange) -> BoxFuture<Result<(), BoxError>> {
        self.apply(&key, &mut change);
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Default for MemoryState {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryState").field("most", &self.most).finish_non_exhaustive()
    }
}
