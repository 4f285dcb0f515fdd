use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::queue::JobKey;

/// The jobs that this process has.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<HashMap<JobKey, Lease>>);

/// Under which lease it has one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lease {
    pub(super) lease: i64,
    /// The octets of the message, and how many jobs it came with.
    pub(super) octets: u64,
    pub(super) jobs: i64,
    /// How long the worker wants it if it says nothing more.
    pub(super) lasts: Duration,
    pub(super) until: Instant,
}

impl Held {
    /// Keeps a new lease. `false` if the job is here already, under an older one: others believed that this
    /// node was dead, and nobody took it meanwhile. Whoever works on it has the new lease.
    pub(super) fn keep(&self, key: JobKey, lease: Lease) -> bool {
        self.lock().insert(key, lease).is_none()
    }

    pub(super) fn get(&self, key: JobKey) -> Option<Lease> {
        self.lock().get(&key).copied()
    }

    /// Forgets a lease; `false` if it is that one no more.
    pub(super) fn forget(&self, key: JobKey, lease: i64) -> bool {
        let mut held = self.lock();
        let is_held = held.get(&key).is_some_and(|held| held.lease == lease);
        is_held && held.remove(&key).is_some()
    }

    pub(super) fn forget_all(&self) {
        self.lock().clear();
    }

    pub(super) fn renew(&self, keys: &[JobKey]) {
        let (mut held, now) = (self.lock(), Instant::now());
        for key in keys {
            if let Some(lease) = held.get_mut(key) {
                lease.until = now + lease.lasts;
            }
        }
    }

    /// The leases that go on. Those that the worker has forgotten are no more.
    pub(super) fn leases(&self) -> Vec<i64> {
        let (mut held, now) = (self.lock(), Instant::now());
        held.retain(|key, lease| {
            let lasts = lease.until >= now;
            if !lasts {
                tracing::warn!(id = %key.id, "lease was not renewed");
            }
            lasts
        });
        held.values().map(|lease| lease.lease).collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<JobKey, Lease>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
