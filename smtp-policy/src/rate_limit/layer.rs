use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use smtp_core::state::State;
use tower_layer::Layer;

use super::guard::{Limit, RateGuard};
use super::{By, Counted, Rate};
use crate::AccessMap;
use crate::guard::GuardService;

/// Refuses what comes too often. Place it outside of the layers whose commands it counts: of AUTH for
/// failed logins, of [`RelayLayer`](crate::RelayLayer) for recipients.
#[derive(Clone)]
pub struct RateLimitLayer {
    guard: Arc<RateGuard>,
}

impl RateLimitLayer {
    /// No limit yet; buckets lie in `state`.
    pub fn new(state: State) -> Self {
        Self { guard: Arc::new(RateGuard::new(state)) }
    }

    /// Adds a limit. Each holds by itself.
    #[must_use]
    pub fn limit(mut self, counted: Counted, by: By, rate: Rate) -> Self {
        Arc::make_mut(&mut self.guard).limits.push(Limit { counted, by, rate });
        self
    }

    /// Has the map say how many connections a client may make in a minute: `ClientRate:`, as Sendmail's
    /// `ratecontrol` does with `terminate`. 0 stands for any number, and so does the lack of an entry. Those
    /// that were refused count too, as there. More than 1022 in ten seconds are too many for any entry. A client
    /// is an address, or 64 bits of IPv6, where Sendmail counts each address of IPv6 by itself.
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
}

impl<S> Layer<S> for RateLimitLayer {
    type Service = GuardService<S, RateGuard>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService::new(inner, &self.guard)
    }
}

impl fmt::Debug for RateLimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimitLayer").field("limits", &self.guard.limits).finish_non_exhaustive()
    }
}
