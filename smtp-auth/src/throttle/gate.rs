use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::ClientNetwork;

/// How long an attempt waits for others before the client is told to come again.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Lets so many attempts at once ask the store, and of one client only a few, so that no client keeps
/// others waiting.
pub(super) struct Gate {
    all: Arc<Semaphore>,
    at_once_per_network: usize,
    networks: Arc<Networks>,
}

/// Those of which an attempt is under way or waits.
#[derive(Default)]
struct Networks(Mutex<HashMap<ClientNetwork, Arc<Semaphore>>>);

/// An attempt may ask the store as long as this lives.
pub(crate) struct Passage {
    _all: OwnedSemaphorePermit,
    _own: Option<Own>,
}

struct Own {
    network: ClientNetwork,
    networks: Arc<Networks>,
    semaphore: Option<Arc<Semaphore>>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Gate {
    pub(super) fn new(at_once: usize, at_once_per_network: usize) -> Self {
        let all = Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS)));
        Self { all, at_once_per_network: at_once_per_network.max(1), networks: Arc::default() }
    }

    /// Waits for its turn; `None` if that takes too long.
    pub(super) async fn pass(&self, network: Option<ClientNetwork>) -> Option<Passage> {
        timeout(LONGEST_WAIT, self.wait(network)).await.ok().flatten()
    }

    async fn wait(&self, network: Option<ClientNetwork>) -> Option<Passage> {
        // First among its own, so that it takes no place from others before its turn.
        let own = match network {
            None => None,
            Some(network) => {
                let mut own = self.networks.enter(network, self.at_once_per_network);
                let semaphore = own.semaphore.clone()?;
                own.permit = Some(semaphore.acquire_owned().await.ok()?);
                Some(own)
            }
        };
        Some(Passage { _all: self.all.clone().acquire_owned().await.ok()?, _own: own })
    }
}

impl Networks {
    fn enter(self: &Arc<Self>, network: ClientNetwork, at_once: usize) -> Own {
        let at_once = at_once.min(Semaphore::MAX_PERMITS);
        let mut networks = self.lock();
        let semaphore = networks.entry(network).or_insert_with(|| Arc::new(Semaphore::new(at_once)));
        Own { network, networks: self.clone(), semaphore: Some(semaphore.clone()), permit: None }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClientNetwork, Arc<Semaphore>>> {
        // Nothing panics while the lock is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        self.permit = None;
        let mut networks = self.networks.lock();
        self.semaphore = None;
        // The map's own is the last.
        if networks.get(&self.network).is_some_and(|semaphore| Arc::strong_count(semaphore) == 1) {
            networks.remove(&self.network);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn network(last: u8) -> Option<ClientNetwork> {
        Some(ClientNetwork::V4(Ipv4Addr::new(192, 0, 2, last)))
    }

    #[tokio::test(start_paused = true)]
    async fn who_fills_its_own_places_does_not_fill_those_of_others() {
        let gate = Gate::new(3, 2);
        let first = gate.pass(network(1)).await;
        let second = gate.pass(network(1)).await;
        assert!(first.is_some() && second.is_some());
        assert!(gate.pass(network(1)).await.is_none());
        let other = gate.pass(network(2)).await;
        assert!(other.is_some());
        assert!(gate.pass(None).await.is_none(), "no more than three at all");
        drop(first);
        assert!(gate.pass(network(1)).await.is_some());
        drop((second, other));
        assert!(gate.networks.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_leaves_nothing_behind() {
        let gate = Gate::new(1, 1);
        let first = gate.pass(network(1)).await;
        assert!(timeout(Duration::from_secs(1), gate.pass(network(1))).await.is_err());
        assert!(timeout(Duration::from_secs(1), gate.pass(network(2))).await.is_err());
        assert_eq!(gate.networks.lock().len(), 1);
        drop(first);
        assert!(gate.networks.lock().is_empty());
        assert!(gate.pass(network(2)).await.is_some());
    }
}
