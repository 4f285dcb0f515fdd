use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Moment, StateEntry, StateKey, StateStore};
use crate::BoxError;

/// A store of any type. Cheap to clone; clones are the same store.
#[derive(Clone)]
pub struct State(Arc<dyn StateStore>);

impl State {
    /// What this store keeps.
    pub fn new(store: impl StateStore) -> Self {
        Self(Arc::new(store))
    }

    /// Changes what is under the key, and gives back what `change` does. It may be called more than once; the
    /// last time counts.
    ///
    /// # Errors
    /// If the store cannot be asked.
    pub async fn update<R: Send + 'static>(
        &self,
        key: StateKey,
        mut change: impl FnMut(&mut Option<StateEntry>, Moment) -> R + Send + 'static,
    ) -> Result<R, BoxError> {
        let result = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&result);
        let change = Box::new(move |entry: &mut Option<StateEntry>, now| {
            let made = change(entry, now);
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(made);
        });
        self.0.update(key, change).await?;
        let made = result.lock().unwrap_or_else(PoisonError::into_inner).take();
        made.ok_or_else(|| "the store did not apply the change".into())
    }

    /// What is under the key, and what time it is.
    ///
    /// # Errors
    /// If the store cannot be asked.
    pub async fn get(&self, key: StateKey) -> Result<(Option<StateEntry>, Moment), BoxError> {
        self.update(key, |entry, now| (*entry, now)).await
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("State")
    }
}
