//! The clients that a site trusts.

use std::net::IpAddr;

use ipnet::IpNet;
use smtp_core::{DistinguishedName, Domain, Identity, PeerCertificate, Session};

use crate::client_name::ClientName;
use crate::domain_pattern::DomainSet;
use crate::{DomainPattern, TrustedDomains};

/// Which clients may do more than strangers: those who authenticated, and those of some networks.
///
/// By default every mechanism counts but ANONYMOUS, which proves nothing, and no network does:
/// loopback and Unix sockets are as foreign as any other peer.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedClients {
    networks: Vec<IpNet>,
    /// `None` stands for all but ANONYMOUS.
    mechanisms: Option<Vec<String>>,
    hosts: DomainSet,
    domains: Option<TrustedDomains>,
    /// Issuers, and subjects where those count too.
    certificates: Vec<(String, Option<String>)>,
}

impl TrustedClients {
    /// Trusts clients of these networks too.
    pub(crate) fn add_networks(&mut self, networks: impl IntoIterator<Item = IpNet>) {
        self.networks.extend(networks);
    }

    /// Trusts only the identities that one of these mechanisms proved.
    pub(crate) fn set_mechanisms(&mut self, mechanisms: impl IntoIterator<Item: Into<String>>) {
        self.mechanisms = Some(mechanisms.into_iter().map(Into::into).collect());
    }

    /// Trusts clients of these confirmed names too.
    pub(crate) fn add_hosts(&mut self, names: impl IntoIterator<Item = DomainPattern>) {
        self.hosts.extend(names);
    }

    /// Trusts clients whose confirmed names stand in this file too.
    pub(crate) fn set_domains(&mut self, domains: TrustedDomains) {
        self.domains = Some(domains);
    }

    /// Reads again what changed.
    pub(crate) async fn refresh(&self) {
        if let Some(domains) = &self.domains {
            domains.refresh().await;
        }
    }

    /// Trusts clients with a certificate of this issuer, and of this subject if there is one.
    pub(crate) fn add_certificates(&mut self, issuer: String, subject: Option<String>) {
        self.certificates.push((issuer, subject));
    }

    /// Whether the client of this session is trusted.
    pub(crate) fn include(&self, session: &Session) -> bool {
        session.login().is_some_and(|identity| self.trust_identity(identity))
            || session.peer_ip().is_some_and(|address| self.trust_address(address))
            || self.trust_name(session)
            || session.tls().and_then(|tls| tls.verified_peer()).is_some_and(|peer| self.trust_holder(peer))
    }

    /// Whether a client may be trusted for its name.
    pub(crate) fn go_by_name(&self) -> bool {
        !self.hosts.is_empty() || self.domains.is_some()
    }

    fn trust_name(&self, session: &Session) -> bool {
        if !self.go_by_name() {
            return false;
        }
        let in_file = |name: &Domain| self.domains.as_ref().is_some_and(|domains| domains.contains(name));
        let name = session.connection().get::<ClientName>();
        name.is_some_and(|ClientName(name)| self.hosts.contains(&name) || in_file(&name))
    }

    fn trust_holder(&self, certificate: &PeerCertificate) -> bool {
        let is = |name: &DistinguishedName, text: &str| name.to_string().eq_ignore_ascii_case(text);
        self.certificates.iter().any(|(issuer, subject)| {
            is(&certificate.issuer, issuer)
                && subject.as_deref().is_none_or(|subject| is(&certificate.subject, subject))
        })
    }

    fn trust_identity(&self, identity: &Identity) -> bool {
        let proven_by = |mechanism: &str| identity.mechanism().eq_ignore_ascii_case(mechanism);
        match &self.mechanisms {
            None => !identity.is_anonymous(),
            Some(mechanisms) => mechanisms.iter().any(|mechanism| proven_by(mechanism)),
        }
    }

    fn trust_address(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use smtp_core::testing::{domain, facts};
    use smtp_core::{ConnectionInfo, Peer, SessionFacts};

    use super::*;

    fn from(address: &str) -> SessionFacts {
        let peer = Peer::Ip(address.parse().unwrap());
        SessionFacts::new(ConnectionInfo::new(peer, domain("server.example")))
    }

    #[test]
    fn no_address_is_trusted_by_itself() {
        let clients = TrustedClients::default();
        for address in ["127.0.0.1:9", "[::1]:9", "[::ffff:127.0.0.1]:9", "10.0.0.1:9", "[fe80::1]:9"] {
            assert!(!clients.include(from(address).session()), "{address}");
        }
        assert!(!clients.include(SessionFacts::new(ConnectionInfo::default()).session()));
    }

    #[test]
    fn networks_are_trusted_when_named() {
        let mut clients = TrustedClients::default();
        clients.add_networks(["192.0.2.0/24", "2001:db8::/32"].map(|text| text.parse().unwrap()));
        for (address, trusted) in [
            ("192.0.2.200:9", true),
            ("192.0.3.1:9", false),
            ("[::ffff:192.0.2.7]:9", true),
            ("[2001:db8::7]:9", true),
            ("[2001:db9::7]:9", false),
        ] {
            assert_eq!(clients.include(from(address).session()), trusted, "{address}");
        }
    }

    #[test]
    fn identities_are_trusted_by_mechanism() {
        let trusted = |clients: &TrustedClients, mechanism: &'static str| {
            let mut facts = facts();
            facts.set_identity(Identity::new("alice", mechanism));
            clients.include(facts.session())
        };
        let mut clients = TrustedClients::default();
        assert!(trusted(&clients, "PLAIN"));
        assert!(!trusted(&clients, "ANONYMOUS"));
        clients.set_mechanisms(["scram-sha-256"]);
        assert!(trusted(&clients, "SCRAM-SHA-256"));
        assert!(!trusted(&clients, "PLAIN"));
        clients.set_mechanisms(None::<&str>);
        assert!(!trusted(&clients, "SCRAM-SHA-256"));
    }
}
