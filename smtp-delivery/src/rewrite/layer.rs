use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use smtp_core::Domain;
use tower_layer::Layer;

use super::{AddressMap, Rewrite};

/// Rewrites addresses of envelopes; see the [module](super).
///
/// A recipient that becomes several has the worst of their outcomes. Two that become the same one get
/// one copy. The address that the sender wrote goes along as `ORCPT` (RFC 3461 section 4.2), for
/// notifications.
#[derive(Clone, Default)]
pub struct RewriteLayer {
    pub(super) recipients: Option<Arc<dyn AddressMap>>,
    pub(super) senders: Option<Arc<dyn AddressMap>>,
    pub(super) local_domains: Option<Arc<HashSet<Domain>>>,
}

impl RewriteLayer {
    /// Without maps, which rewrites nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The map of recipients. `<postmaster>` without a domain is never looked up.
    #[must_use]
    pub fn recipients(mut self, map: impl AddressMap) -> Self {
        self.recipients = Some(Arc::new(map));
        self
    }

    /// The map of senders. The null path is never looked up.
    #[must_use]
    pub fn senders(mut self, map: impl AddressMap) -> Self {
        self.senders = Some(Arc::new(map));
        self
    }

    /// Recipients that were rewritten are `Route::Local` in these domains, and `Route::Relay` in others.
    /// Without this, they have the route of the recipient that they come from.
    #[must_use]
    pub fn local_domains(mut self, domains: impl IntoIterator<Item = Domain>) -> Self {
        self.local_domains = Some(Arc::new(domains.into_iter().collect()));
        self
    }
}

impl<S> Layer<S> for RewriteLayer {
    type Service = Rewrite<S>;

    fn layer(&self, inner: S) -> Rewrite<S> {
        Rewrite { inner, maps: self.clone() }
    }
}

impl fmt::Debug for RewriteLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RewriteLayer").finish_non_exhaustive()
    }
}
