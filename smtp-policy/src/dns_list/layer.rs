use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tower_layer::Layer;

use super::guard::{DnsListGuard, Rules};
use super::{DnsList, ListLookup};
use crate::AccessMap;
use crate::guard::GuardService;

/// Refuses whom lists in the DNS have. Place it inside of [`ClientNameLayer`](crate::ClientNameLayer), if a
/// list is asked about that name.
pub struct DnsListLayer<L> {
    guard: Arc<DnsListGuard<L>>,
}

impl<L: ListLookup> DnsListLayer<L> {
    /// No list yet; asks there, for up to five seconds.
    pub fn new(lookup: L) -> Self {
        Self { guard: Arc::new(DnsListGuard::new(Arc::new(lookup))) }
    }

    /// Asks this list.
    #[must_use]
    pub fn list(mut self, list: DnsList) -> Self {
        self.rules().lists.push(list);
        self
    }

    /// What score is refused; 1, which is that of one list, unless told otherwise.
    #[must_use]
    pub fn threshold(mut self, score: u32) -> Self {
        self.rules().threshold = score;
        self
    }

    /// Refuses nobody, and leaves what the lists say as [`Listings`](super::Listings) in the transaction, for
    /// layers and deliveries behind this one.
    #[must_use]
    pub fn tag_only(mut self) -> Self {
        self.rules().refuses = false;
        self
    }

    /// Asks lists of addresses about each client that connects, and sends away (554) who is listed: before it
    /// could log in.
    #[must_use]
    pub fn at_connect(mut self) -> Self {
        self.rules().at_connect = true;
        self
    }

    /// How long the lists may take.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.rules().limit = limit;
        self
    }

    /// Asks about no client of these networks.
    #[must_use]
    pub fn exempt_networks(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.rules().strangers.exempt_networks(networks);
        self
    }

    /// Does not look at clients whose entry in the map is `OK` or `RELAY`: so does Sendmail.
    #[must_use]
    pub fn exempt_by(mut self, map: AccessMap) -> Self {
        self.rules().strangers.exempt_by(map);
        self
    }

    fn rules(&mut self) -> &mut Rules {
        &mut Arc::make_mut(&mut self.guard).rules
    }
}

impl<L: ListLookup, S> Layer<S> for DnsListLayer<L> {
    type Service = GuardService<S, DnsListGuard<L>>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService::new(inner, &self.guard)
    }
}

impl<L> Clone for DnsListLayer<L> {
    fn clone(&self) -> Self {
        Self { guard: Arc::clone(&self.guard) }
    }
}

impl<L> fmt::Debug for DnsListLayer<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DnsListLayer").field("rules", &self.guard.rules).finish_non_exhaustive()
    }
}
