//! Small things that are remembered for a while and that many sessions change: who failed how often, who
//! sent how much, who knocked when.
//!
//! A [`StateStore`] keeps a number under a key until it runs out, and changes it atomically. That is one
//! method, so a table of a database or a server shared by many is soon a store, too. Layers take a
//! [`State`], which is any store; a [`MemoryState`] forgets with the process.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use std::time::Duration;
//! use smtp_core::state::{MemoryState, State, StateEntry, StateKey};
//!
//! let state = State::new(MemoryState::new());
//! let knock = |state: State| async move {
//!     let key = StateKey::new("knocks", "192.0.2.1");
//!     state
//!         .update(key, |entry, now| {
//!             let times = entry.map_or(0, |entry| entry.value) + 1;
//!             *entry = Some(StateEntry { value: times, until: now + Duration::from_secs(3600) });
//!             times
//!         })
//!         .await
//! };
//! assert_eq!(knock(state.clone()).await?, 1);
//! assert_eq!(knock(state).await?, 2);
//! # Ok::<(), smtp_core::BoxError>(()) }).unwrap();
//! ```

mod entry;
mod handle;
mod memory;
mod moment;

pub use entry::{StateEntry, StateKey};
pub use handle::State;
pub use memory::MemoryState;
pub use moment::Moment;

use crate::{BoxError, BoxFuture};

/// Reads an entry, changes it or takes it out. May be called more than once, each time with what is there
/// then: a store that others write to, too, tries again.
pub type StateChange = Box<dyn FnMut(&mut Option<StateEntry>, Moment) + Send>;

/// Where entries are kept.
pub trait StateStore: Send + Sync + 'static {
    /// Applies `change` to what is under the key, with the time by the store's clock. Nobody else's change
    /// comes between its reading and its writing. What ran out is not there any more, what
    /// is to run out at once is taken out, and what is left as it is need not be written.
    ///
    /// The number of entries must be bounded: strangers make them. What runs out first is forgotten first.
    fn update(&self, key: StateKey, change: StateChange) -> BoxFuture<Result<(), BoxError>>;
}
