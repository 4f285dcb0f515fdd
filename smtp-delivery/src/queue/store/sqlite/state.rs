use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::Usage;
use super::bodies::Bodies;
use super::fresh::Fresh;

/// What the writer and those who ask have in common.
#[derive(Debug)]
pub(super) struct State {
    pub(super) leases: Leases,
    pub(super) fresh: Fresh,
    pub(super) usage: Counters,
    pub(super) bodies: Bodies,
    /// Something was done that nobody heard of.
    pub(super) changed: Notify,
}

/// A job as the database knows it: the number of its message, and its own.
pub(super) type JobRow = (i64, u32);

/// The jobs that are being delivered.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<BTreeSet<JobRow>>);

impl Leases {
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeSet<JobRow>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has(&self, job: JobRow) -> bool {
        self.lock().contains(&job)
    }

    pub(super) fn has_any_of(&self, message: i64) -> bool {
        self.lock().range((message, 0)..=(message, u32::MAX)).next().is_some()
    }
}

/// How much there is.
#[derive(Debug)]
pub(super) struct Counters(Mutex<Usage>);

impl Counters {
    pub(super) fn new(usage: Usage) -> Self {
        Self(Mutex::new(usage))
    }

    fn lock(&self) -> MutexGuard<'_, Usage> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self) -> Usage {
        *self.lock()
    }

    pub(super) fn more(&self, octets: u64) {
        let mut usage = self.lock();
        usage.messages += 1;
        usage.octets += octets;
    }

    pub(super) fn less(&self, octets: u64) {
        let mut usage = self.lock();
        usage.messages = usage.messages.saturating_sub(1);
        usage.octets = usage.octets.saturating_sub(octets);
    }
}
