//! Where the counters of [`RateLimitLayer`](crate::RateLimitLayer), what
//! [`GreylistLayer`](crate::GreylistLayer) knows and whatever else is to be remembered lie: in memory, or in a
//! file that outlives a restart.
//!
//! The contract is [`smtp_core::state`]; this module has the stores. [`in_memory`] forgets with the process.
#![cfg_attr(feature = "sqlite", doc = "[`SqliteState`] keeps a SQLite database.")]

#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(test)]
mod tests;

pub use smtp_core::state::{MemoryState, Moment, State, StateChange, StateEntry, StateKey, StateStore};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteState;
use tokio::time::Instant;

/// A store in memory: 65,536 entries of each kind, a hash and two numbers each.
pub fn in_memory() -> State {
    State::new(MemoryState::with_clock(clock()))
}

/// The system's time at the start, and what has gone by since: a clock that is set does not move it, and the
/// paused one of a test does not run.
pub(crate) fn clock() -> impl Fn() -> Moment + Send + Sync + 'static {
    let (begin, started) = (Moment::now(), Instant::now());
    move || begin + started.elapsed()
}
