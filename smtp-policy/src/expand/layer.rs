use std::fmt;
use std::sync::Arc;

use ipnet::IpNet;
use tower_layer::Layer;

use super::{Directory, ExpandService};
use crate::TrustedDomains;
use crate::trusted_clients::TrustedClients;

/// Answers VRFY and EXPN from a [`Directory`] for trusted clients, and refuses both to all others.
///
/// EXPN is listed in the answer to EHLO for those who may use it. VRFY belongs to every server and
/// needs no listing (RFC 5321 section 4.5.1).
///
/// Trusted are clients that authenticated by any mechanism but ANONYMOUS, and clients of the
/// networks and domains that were named.
pub struct ExpandLayer<D> {
    directory: Arc<D>,
    settings: Arc<Settings>,
}

/// How many lookups a session has unless told otherwise.
const LOOKUPS: u32 = 100;

#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) clients: TrustedClients,
    pub(super) says_nothing: bool,
    pub(super) lookups: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { clients: TrustedClients::default(), says_nothing: false, lookups: LOOKUPS }
    }
}

impl<D: Directory> ExpandLayer<D> {
    /// Looks up in this directory.
    pub fn new(directory: D) -> Self {
        Self { directory: Arc::new(directory), settings: Arc::default() }
    }

    /// Trusts the clients of these networks.
    #[must_use]
    pub fn trusted_networks(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.settings().clients.add_networks(networks);
        self
    }

    /// Trusts the clients whose host names stand in this class file: Sendmail's `check_vrfy` and
    /// `check_expn` over the class `trusty`. Only sessions with a
    /// [`ClientName`](crate::client_name::ClientName), confirmed by the DNS, have a name.
    #[must_use]
    pub fn trusted_domains(mut self, domains: TrustedDomains) -> Self {
        self.settings().clients.set_domains(domains);
        self
    }

    /// Trusts only those authenticated clients that used one of these SASL mechanisms, whatever
    /// their case; none, if there are none. The default is any but ANONYMOUS.
    #[must_use]
    pub fn trusted_mechanisms(mut self, mechanisms: impl IntoIterator<Item: Into<String>>) -> Self {
        self.settings().clients.set_mechanisms(mechanisms);
        self
    }

    /// Answers VRFY of everybody else with `252 2.0.0`, which says nothing, rather than with `550 5.7.1`: for
    /// clients that take a refusal for the answer. The directory is not asked.
    #[must_use]
    pub fn say_nothing_to_others(mut self) -> Self {
        self.settings().says_nothing = true;
        self
    }

    /// Looks up this many times in one session, 100 by default. Then VRFY says nothing (`252 2.0.0`) and EXPN is
    /// refused with `450 4.7.1`: whoever has one password shall not take all addresses along.
    #[must_use]
    pub fn lookups(mut self, lookups: u32) -> Self {
        self.settings().lookups = lookups;
        self
    }

    fn settings(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }
}

impl<D, S> Layer<S> for ExpandLayer<D> {
    type Service = ExpandService<S, D>;

    fn layer(&self, inner: S) -> Self::Service {
        ExpandService::new(inner, Arc::clone(&self.directory), Arc::clone(&self.settings))
    }
}

impl<D> Clone for ExpandLayer<D> {
    fn clone(&self) -> Self {
        Self { directory: Arc::clone(&self.directory), settings: Arc::clone(&self.settings) }
    }
}

impl<D> fmt::Debug for ExpandLayer<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpandLayer").field("settings", &self.settings).finish_non_exhaustive()
    }
}
