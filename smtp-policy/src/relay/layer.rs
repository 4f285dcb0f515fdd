use std::sync::Arc;

use ipnet::IpNet;
use tower_layer::Layer;

use super::RelayService;
use super::rules::Rules;
use crate::{AccessMap, DomainPattern};

/// Gives each recipient its route, or refuses it with `550 5.7.1`.
///
/// - `<postmaster>` and the recipients of local domains stay here: `Route::Local`.
/// - Those of relay domains are passed on for everybody: `Route::Relay`.
/// - Those of all other domains are passed on for trusted clients, and refused for strangers.
/// - A stranger may not hide a second address in the local part: `user%example.net@example.org`,
///   `example.net!user@example.org` and their quoted forms are refused, for local domains too.
/// - A route that a layer outside of this one gave stands.
///
/// Trusted are clients that authenticated by any mechanism but ANONYMOUS, and clients of the
/// networks, hosts and certificates that were named.
#[derive(Debug, Clone, Default)]
pub struct RelayLayer {
    rules: Arc<Rules>,
}

impl RelayLayer {
    /// Without local domains and trusted networks: only `<postmaster>` gets through, and what
    /// authenticated clients send.
    pub fn new() -> Self {
        Self::default()
    }

    /// Keeps mail for these domains here.
    #[must_use]
    pub fn local_domains(mut self, domains: impl IntoIterator<Item = DomainPattern>) -> Self {
        self.rules().local.extend(domains);
        self
    }

    /// Keeps mail for `user@[192.0.2.1]` here if that is the address on which the client arrived.
    #[must_use]
    pub fn local_address_literal(mut self) -> Self {
        self.rules().local_literal = true;
        self
    }

    /// Passes mail for these domains on, whoever sends it, as a secondary MX does.
    #[must_use]
    pub fn relay_domains(mut self, domains: impl IntoIterator<Item = DomainPattern>) -> Self {
        self.rules().relay.extend(domains);
        self
    }

    /// Trusts the clients of these networks.
    ///
    /// Think twice before naming loopback: whatever forwards connections on this host makes
    /// strangers look local.
    #[must_use]
    pub fn trusted_networks(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.rules().clients.add_networks(networks);
        self
    }

    /// Trusts only those authenticated clients that used one of these SASL mechanisms, whatever
    /// their case; none, if there are none. The default is any but ANONYMOUS.
    #[must_use]
    pub fn trusted_mechanisms(mut self, mechanisms: impl IntoIterator<Item: Into<String>>) -> Self {
        self.rules().clients.set_mechanisms(mechanisms);
        self
    }

    /// Trusts the clients whose host name, confirmed by the DNS in both directions, is one of these. Only
    /// sessions with a [`ClientName`](crate::client_name::ClientName) have one. While the DNS does not tell, what
    /// would be refused is refused with `450 4.7.1`.
    #[must_use]
    pub fn trusted_hosts(mut self, names: impl IntoIterator<Item = DomainPattern>) -> Self {
        self.rules().clients.add_hosts(names);
        self
    }

    /// Trusts the clients whose verified certificate was issued by this name, in the form of
    /// [`DistinguishedName`](smtp_core::DistinguishedName): `/C=US/O=Example/CN=Our+20CA`. With a
    /// subject, those alone whose certificate is for that one.
    #[must_use]
    pub fn trusted_certificates(mut self, issuer: impl Into<String>, subject: Option<&str>) -> Self {
        self.rules().clients.add_certificates(issuer.into(), subject.map(str::to_owned));
        self
    }

    /// Relays for and to whom this map says `RELAY`: clients by address and by name, holders of
    /// certificates, recipients' domains.
    #[must_use]
    pub fn access_map(mut self, map: AccessMap) -> Self {
        self.rules().access = Some(map);
        self
    }

    fn rules(&mut self) -> &mut Rules {
        Arc::make_mut(&mut self.rules)
    }
}

impl<S> Layer<S> for RelayLayer {
    type Service = RelayService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RelayService::new(inner, Arc::clone(&self.rules))
    }
}
