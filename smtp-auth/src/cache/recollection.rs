use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::flight::{Flights, Place};
use super::key::{Key, Keyed};
use super::memory::Memory;
use crate::store::{StoreError, Verdict};

/// Verdicts that are remembered by what was shown, and of whom they speak.
pub(crate) struct Recollection {
    keyed: Keyed,
    flights: Flights,
    state: Mutex<State>,
}

struct State {
    accepted: Memory<Verdict>,
    refused: Memory<Verdict>,
    /// Counts how often something was forgotten: an answer that was asked for before does not count.
    era: u64,
}

/// A verdict of just now, and how long it holds.
pub(crate) struct Fresh {
    pub(crate) verdict: Verdict,
    pub(crate) lasts: Duration,
}

impl Recollection {
    pub(crate) fn new(capacity: usize) -> Self {
        let state = State { accepted: Memory::new(capacity), refused: Memory::new(capacity), era: 0 };
        Self { keyed: Keyed::random(), flights: Flights::default(), state: Mutex::new(state) }
    }

    pub(crate) fn set_capacity(&self, capacity: usize) {
        let mut state = self.lock();
        state.accepted = Memory::new(capacity);
        state.refused = Memory::new(capacity);
    }

    /// What is remembered of `shown`, or what `ask` says, which is not asked twice at once. `name` is of
    /// whom it speaks; a name in the verdict counts as well.
    pub(crate) async fn verdict(
        &self,
        shown: &[&[u8]],
        name: &str,
        ask: impl Future<Output = Result<Fresh, StoreError>>,
    ) -> Result<Verdict, StoreError> {
        let key = self.keyed.hash(shown);
        loop {
            if let Some(verdict) = self.recall(&key) {
                return Ok(verdict);
            }
            match self.flights.join(key) {
                Place::First(flight) => {
                    let answer = match self.recall(&key) {
                        // Whoever asked before has landed just now.
                        Some(verdict) => Ok(verdict),
                        None => self.ask(key, name, ask).await,
                    };
                    flight.land(answer.clone());
                    return answer;
                }
                Place::Behind(answered) => {
                    // Without an answer, whoever asked has left, and the next one asks.
                    if let Some(answer) = answered.wait().await {
                        return answer;
                    }
                }
            }
        }
    }

    async fn ask(
        &self,
        key: Key,
        name: &str,
        ask: impl Future<Output = Result<Fresh, StoreError>>,
    ) -> Result<Verdict, StoreError> {
        let era = self.lock().era;
        let Fresh { verdict, lasts } = ask.await?;
        let name = self.name_key(name);
        let names = match &verdict {
            Verdict::AcceptedAs(user) => [name, self.name_key(user)],
            _ => [name, name],
        };
        let mut state = self.lock();
        if state.era == era {
            let memory = match &verdict {
                Verdict::Accepted | Verdict::AcceptedAs(_) => &mut state.accepted,
                Verdict::Refused | Verdict::Expired => &mut state.refused,
            };
            memory.remember(key, names, verdict.clone(), Instant::now() + lasts);
        }
        Ok(verdict)
    }

    fn name_key(&self, name: &str) -> Key {
        self.keyed.hash(&[name.as_bytes()])
    }

    pub(crate) fn forget(&self, name: &str) {
        let name = self.name_key(name);
        let mut state = self.lock();
        state.era += 1;
        state.accepted.forget(&name);
        state.refused.forget(&name);
    }

    pub(crate) fn forget_all(&self) {
        let mut state = self.lock();
        state.era += 1;
        state.accepted.clear();
        state.refused.clear();
    }

    fn recall(&self, key: &Key) -> Option<Verdict> {
        let state = self.lock();
        let now = Instant::now();
        state.accepted.recall(key, now).or_else(|| state.refused.recall(key, now)).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
