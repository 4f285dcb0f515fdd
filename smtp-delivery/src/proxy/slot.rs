use std::sync::{Arc, Mutex, PoisonError};

use smtp_core::Session;

use crate::relay::stepwise::Stepwise;

/// Where a session keeps its connection to the next hop between commands. Whoever uses it takes it out.
#[derive(Clone, Default)]
pub(super) struct Slot(Arc<Mutex<Option<Stepwise>>>);

impl Slot {
    pub(super) fn of(session: &Session) -> Self {
        session.connection().with(|slot: &mut Self| slot.clone())
    }

    pub(super) fn take(&self) -> Option<Stepwise> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(super) fn put(&self, stepwise: Stepwise) {
        let before = self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(stepwise);
        // Not while the lock is held: it says good-bye.
        drop(before);
    }
}
