use std::sync::Arc;

use ipnet::IpNet;
use tower_layer::Layer;

use super::guard::ConnectionGuard;
use crate::AccessMap;
use crate::guard::GuardService;
use crate::rate_limit::By;

/// Sends clients away (421) that have too many connections. Clones count together, so the listeners of a
/// server share one. Place it outside of the layer that answers AUTH.
#[derive(Debug, Clone, Default)]
pub struct ConnectionLimitLayer {
    guard: Arc<ConnectionGuard>,
}

impl ConnectionLimitLayer {
    /// No limit yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a limit: how many connections there may be at once. [`By::Sender`] limits nothing here.
    #[must_use]
    pub fn limit(mut self, by: By, most: u32) -> Self {
        Arc::make_mut(&mut self.guard).limits.push((by, most));
        self
    }

    /// Has the map say how many connections a client may have: `ClientConn:`, as Sendmail's `conncontrol` does
    /// with `terminate`. 0 stands for any number, and so does the lack of an entry.
    #[must_use]
    pub fn access_map(mut self, map: AccessMap) -> Self {
        Arc::make_mut(&mut self.guard).map = Some(map);
        self
    }

    /// Does not count clients of these networks.
    #[must_use]
    pub fn exempt_networks(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        Arc::make_mut(&mut self.guard).exempt.extend(networks);
        self
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.guard.is_empty()
    }
}

impl<S> Layer<S> for ConnectionLimitLayer {
    type Service = GuardService<S, ConnectionGuard>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService::new(inner, &self.guard)
    }
}
