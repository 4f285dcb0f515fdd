use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Policy;

/// Of how many domains policies are remembered.
const MAX_DOMAINS: usize = 10_000;
/// After how long a policy that could not be fetched is asked for again (RFC 8461 section 3.3).
const PAUSE: Duration = Duration::from_secs(300);

/// Policies that were fetched, and domains whose policies could not be.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<HashMap<String, Entry>>);

#[derive(Debug, Default, Clone)]
struct Entry {
    policy: Option<(String, Policy, Instant)>,
    failed: Option<Instant>,
}

impl Cache {
    /// The policy that was fetched, with its id, as long as it holds.
    pub(super) fn policy(&self, domain: &str) -> Option<(String, Policy)> {
        let entries = self.lock();
        let (id, policy, until) = entries.get(domain)?.policy.as_ref()?;
        (*until > Instant::now()).then(|| (id.clone(), policy.clone()))
    }

    /// Whether the policy could not be fetched a short while ago.
    pub(super) fn has_failed(&self, domain: &str) -> bool {
        let failed = self.lock().get(domain).and_then(|entry| entry.failed);
        failed.is_some_and(|failed| failed.elapsed() < PAUSE)
    }

    pub(super) fn keep(&self, domain: &str, id: String, policy: Policy) {
        let until = Instant::now() + policy.max_age;
        self.change(domain, |entry| *entry = Entry { policy: Some((id, policy, until)), failed: None });
    }

    pub(super) fn note_failure(&self, domain: &str) {
        self.change(domain, |entry| entry.failed = Some(Instant::now()));
    }

    fn change(&self, domain: &str, change: impl FnOnce(&mut Entry)) {
        let mut entries = self.lock();
        if entries.len() >= MAX_DOMAINS && !entries.contains_key(domain) {
            let now = Instant::now();
            entries.retain(|_, entry| entry.policy.as_ref().is_some_and(|(_, _, until)| *until > now));
            // Whoever fills it does so with domains of his own; others lose no more than a cache.
            if entries.len() >= MAX_DOMAINS
                && let Some(some) = entries.keys().next().cloned()
            {
                entries.remove(&some);
            }
        }
        change(entries.entry(domain.to_owned()).or_default());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Entry>> {
        // Nothing panics while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
