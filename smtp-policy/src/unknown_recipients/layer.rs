use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use smtp_core::state::State;
use tower_layer::Layer;

use super::guard::UnknownRecipientsGuard;
use crate::guard::GuardService;
use crate::rate_limit::Rate;

/// Ends guessing. Place it outside of the layers that know who there is,
/// [`LocalRecipientsLayer`](crate::LocalRecipientsLayer) for example.
#[derive(Clone)]
pub struct UnknownRecipientsLayer {
    guard: Arc<UnknownRecipientsGuard>,
}

impl UnknownRecipientsLayer {
    /// 10 of a session and 50 an hour of a client, which are remembered in `state`.
    pub fn new(state: State) -> Self {
        Self { guard: Arc::new(UnknownRecipientsGuard::new(state)) }
    }

    /// How many a session may name: the next one ends it.
    #[must_use]
    pub fn per_session(mut self, most: u32) -> Self {
        Arc::make_mut(&mut self.guard).per_session = most;
        self
    }

    /// How many a client may name, an IPv4 address or an IPv6 network of 64 bits.
    #[must_use]
    pub fn per_client(mut self, rate: Rate) -> Self {
        Arc::make_mut(&mut self.guard).per_client = rate;
        self
    }

    /// Does not count clients of these networks.
    #[must_use]
    pub fn exempt_networks(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        Arc::make_mut(&mut self.guard).exempt.extend(networks);
        self
    }
}

impl<S> Layer<S> for UnknownRecipientsLayer {
    type Service = GuardService<S, UnknownRecipientsGuard>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService::new(inner, &self.guard)
    }
}

impl fmt::Debug for UnknownRecipientsLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnknownRecipientsLayer")
            .field("per_session", &self.guard.per_session)
            .field("per_client", &self.guard.per_client)
            .finish_non_exhaustive()
    }
}
