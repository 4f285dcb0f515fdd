use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many connections are open, by whose they are. Entries go with the last of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Open(Arc<Mutex<HashMap<String, u32>>>);

/// A connection counts as long as this lives.
#[derive(Debug)]
struct Place {
    open: Open,
    subject: String,
}

/// The places of a connection, in one of its typed maps.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<Place>);

impl Open {
    /// Counts one more, if there are fewer than `most`.
    fn enter(&self, subject: &str, most: u32) -> Option<Place> {
        let mut open = self.lock();
        let count = open.get(subject).copied().unwrap_or_default();
        if count >= most {
            return None;
        }
        open.insert(subject.to_owned(), count + 1);
        Some(Place { open: self.clone(), subject: subject.to_owned() })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        // Nothing panics while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

impl Places {
    /// Whether the connection has a place there, or finds one.
    pub(super) fn take(&mut self, open: &Open, subject: &str, most: u32) -> bool {
        let has_one = |place: &Place| Arc::ptr_eq(&place.open.0, &open.0) && place.subject == subject;
        if self.0.iter().any(has_one) {
            return true;
        }
        let place = open.enter(subject, most);
        let found = place.is_some();
        self.0.extend(place);
        found
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.open.lock();
        if let Some(count) = open.get_mut(&self.subject) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.subject);
            }
        }
    }
}
