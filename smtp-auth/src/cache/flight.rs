//! The same question, asked by many at once, is asked once.

use std::collections::{HashMap, hash_map};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::key::Key;
use crate::store::{StoreError, Verdict};

type Answer = Result<Verdict, StoreError>;

type Asked = Mutex<HashMap<Key, watch::Receiver<Option<Answer>>>>;

/// The questions that are being asked.
#[derive(Default)]
pub(super) struct Flights(Arc<Asked>);

/// Whether somebody asks the same already.
pub(super) enum Place {
    /// Nobody does.
    First(Flight),
    /// Whoever does gets the answer for all.
    Behind(Answered),
}

impl Flights {
    pub(super) fn join(&self, key: Key) -> Place {
        match lock(&self.0).entry(key) {
            hash_map::Entry::Occupied(flight) => Place::Behind(Answered(flight.get().clone())),
            hash_map::Entry::Vacant(vacant) => {
                let (answer, answered) = watch::channel(None);
                vacant.insert(answered);
                Place::First(Flight { flights: self.0.clone(), key, answer })
            }
        }
    }
}

/// Ends when it is dropped, with an answer or without.
pub(super) struct Flight {
    flights: Arc<Asked>,
    key: Key,
    answer: watch::Sender<Option<Answer>>,
}

impl Flight {
    /// Tells those behind.
    pub(super) fn land(self, answer: Answer) {
        self.answer.send_replace(Some(answer));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        lock(&self.flights).remove(&self.key);
    }
}

/// The answer to somebody else's question.
pub(super) struct Answered(watch::Receiver<Option<Answer>>);

impl Answered {
    /// `None` if whoever asked left before there was one.
    pub(super) async fn wait(mut self) -> Option<Answer> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }
}

fn lock<T>(flights: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while the lock is held.
    flights.lock().unwrap_or_else(PoisonError::into_inner)
}
