use tower_layer::Layer;

use super::ProxyService;
use crate::Relay;

/// Passes commands on to the next hop of a relay while the client waits; see the [module](super).
///
/// A layer in the session tier, and a service in the delivery tier.
#[derive(Debug, Clone)]
pub struct Proxy {
    pub(super) relay: Relay,
}

impl Proxy {
    /// To the next hop of this relay, with its settings.
    pub fn new(relay: Relay) -> Self {
        Self { relay }
    }
}

impl<S> Layer<S> for Proxy {
    type Service = ProxyService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ProxyService { inner, proxy: self.clone() }
    }
}
