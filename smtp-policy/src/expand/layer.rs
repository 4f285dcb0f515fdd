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
    clients: Arc<TrustedClients>,
}

impl<D: Directory> ExpandLayer<D> {
    /// Looks up in this directory.
    pub fn new(directory: D) -> Self {
        Self { directory: Arc::new(directory), clients: Arc::default() }
    }

    /// Trusts the clients of these networks.
    #[must_use]
    pub fn trusted_networks(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        Arc::make_mut(&mut self.clients).add_networks(networks);
        self
    }

    /// Trusts the clients whose host names stand in this class file: Sendmail's `check_vrfy` and
    /// `check_expn` over the class `trusty`. Only sessions with a
    /// [`ClientName`](crate::client_name::ClientName), confirmed by the DNS, have a name.
    #[must_use]
    pub fn trusted_domains(mut self, domains: TrustedDomains) -> Self {
        Arc::make_mut(&mut self.clients).set_domains(domains);
        self
    }

    /// Trusts only those authenticated clients that used one of these SASL mechanisms, whatever
    /// their case; none, if there are none. The default is any but ANONYMOUS.
    #[must_use]
    pub fn trusted_mechanisms(mut self, mechanisms: impl IntoIterator<Item: Into<String>>) -> Self {
        Arc::make_mut(&mut self.clients).set_mechanisms(mechanisms);
        self
    }
}

impl<D, S> Layer<S> for ExpandLayer<D> {
    type Service = ExpandService<S, D>;

    fn layer(&self, inner: S) -> Self::Service {
        ExpandService::new(inner, Arc::clone(&self.directory), Arc::clone(&self.clients))
    }
}

impl<D> Clone for ExpandLayer<D> {
    fn clone(&self) -> Self {
        Self { directory: Arc::clone(&self.directory), clients: Arc::clone(&self.clients) }
    }
}

impl<D> fmt::Debug for ExpandLayer<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpandLayer").field("clients", &self.clients).finish_non_exhaustive()
    }
}
