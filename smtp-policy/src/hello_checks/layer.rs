use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use smtp_core::Host;
use tower_layer::Layer;

use super::guard::HelloGuard;
use super::{Measure, Suspicion};
use crate::AccessMap;
use crate::client_name::NameLookup;
use crate::guard::GuardService;

/// Looks at how clients call themselves and what they are called.
#[derive(Clone, Default)]
pub struct HelloChecksLayer {
    guard: Arc<HelloGuard>,
}

impl HelloChecksLayer {
    /// Refuses [`HelloIsOurs`](Suspicion::HelloIsOurs) and
    /// [`HelloIsAnotherAddress`](Suspicion::HelloIsAnotherAddress), and looks for nothing else.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what is done about something odd.
    #[must_use]
    pub fn on(mut self, suspicion: Suspicion, measure: Measure) -> Self {
        Arc::make_mut(&mut self.guard).measures.insert(suspicion, measure);
        self
    }

    /// Names further names and addresses of this server, beside the one by which it calls itself and the
    /// address that the client has reached.
    #[must_use]
    pub fn our_names(mut self, names: impl IntoIterator<Item = Host>) -> Self {
        Arc::make_mut(&mut self.guard).ours.extend(names);
        self
    }

    /// Looks names up there. A name without an address may still take mail; but who calls itself so is not
    /// there.
    #[must_use]
    pub fn resolve_with(mut self, lookup: impl NameLookup) -> Self {
        Arc::make_mut(&mut self.guard).resolve_with(lookup);
        self
    }

    /// Does not look at clients of these networks.
    #[must_use]
    pub fn exempt_networks(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        Arc::make_mut(&mut self.guard).strangers.exempt_networks(networks);
        self
    }

    /// Does not look at clients whose entry in the map is `OK` or `RELAY`: so does Sendmail.
    #[must_use]
    pub fn exempt_by(mut self, map: AccessMap) -> Self {
        Arc::make_mut(&mut self.guard).strangers.exempt_by(map);
        self
    }
}

impl<S> Layer<S> for HelloChecksLayer {
    type Service = GuardService<S, HelloGuard>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService::new(inner, &self.guard)
    }
}

impl fmt::Debug for HelloChecksLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HelloChecksLayer").field("measures", &self.guard.measures).finish_non_exhaustive()
    }
}
