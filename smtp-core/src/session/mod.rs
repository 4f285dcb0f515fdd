//! What is known of a session: facts that the driver writes, and typed maps for layers.

mod extensions;
mod info;
mod proxied;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

pub use extensions::Extensions;
pub use info::{ConnectionInfo, Dialect, Peer};
pub use proxied::{Proxied, ProxiedTls};

use crate::{Capabilities, Envelope, Hello, Host, Identity, Mail, Recipient, TlsInfo};

/// A view of the session at the time of one command. Cheap to clone.
///
/// The facts in it do not change; the maps are shared by all views of the same session.
#[derive(Clone)]
pub struct Session(Arc<Facts>);

#[derive(Clone)]
struct Facts {
    info: Arc<ConnectionInfo>,
    tls: Option<Arc<TlsInfo>>,
    hello: Option<Hello>,
    capabilities: Arc<Capabilities>,
    identity: Option<Identity>,
    envelope: Option<Arc<Envelope>>,
    held: Extensions,
    connection: Extensions,
    transaction: Extensions,
}

impl Session {
    /// What was known when the connection was accepted.
    pub fn info(&self) -> &ConnectionInfo {
        &self.0.info
    }

    /// The client's IP address; `None` for Unix sockets and pipes.
    pub fn peer_ip(&self) -> Option<IpAddr> {
        self.0.info.peer.ip()
    }

    /// The name by which this server calls itself.
    pub fn server_name(&self) -> &Host {
        &self.0.info.server_name
    }

    /// The facts of TLS, if the session is protected.
    pub fn tls(&self) -> Option<&Arc<TlsInfo>> {
        self.0.tls.as_ref()
    }

    /// How the client greeted, if it did.
    pub fn hello(&self) -> Option<&Hello> {
        self.0.hello.as_ref()
    }

    /// What was offered in the answer to EHLO.
    pub fn capabilities(&self) -> &Capabilities {
        &self.0.capabilities
    }

    /// Who the client is, if it proved that. Who logged in without a proof, by ANONYMOUS, is nobody
    /// here: see [`login`](Self::login).
    pub fn identity(&self) -> Option<&Identity> {
        self.login().filter(|identity| !identity.is_anonymous())
    }

    /// As whom the client logged in, be it anonymously (RFC 4505).
    pub fn login(&self) -> Option<&Identity> {
        self.0.identity.as_ref()
    }

    /// The open transaction: the sender and the recipients accepted so far.
    pub fn envelope(&self) -> Option<&Arc<Envelope>> {
        self.0.envelope.as_ref()
    }

    /// A view with another envelope, for the services within: a layer that sends a message to others than
    /// the client named. What the driver knows stays as it is.
    #[must_use]
    pub fn with_envelope(&self, envelope: Arc<Envelope>) -> Self {
        Self(Arc::new(Facts { envelope: Some(envelope), ..(*self.0).clone() }))
    }

    /// A map that lives as long as the connection. STARTTLS empties it: nothing learnt before it
    /// may be relied upon after it (RFC 3207 section 4.2).
    pub fn connection(&self) -> &Extensions {
        &self.0.connection
    }

    /// A map that lives from accept to close, STARTTLS or not: for what layers hold for the connection, its
    /// place under a limit for example. Nothing that the client said belongs into it (RFC 3207 section 4.2).
    pub fn held(&self) -> &Extensions {
        &self.0.held
    }

    /// A map that lives as long as the mail transaction.
    pub fn transaction(&self) -> &Extensions {
        &self.0.transaction
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("peer", &self.0.info.peer)
            .field("hello", &self.0.hello)
            .field("tls", &self.0.tls.as_ref().map(|tls| &tls.version))
            .field("identity", &self.0.identity)
            .field("envelope", &self.0.envelope)
            .finish_non_exhaustive()
    }
}

/// The one who may change the facts of a session: the driver, or a test that plays it.
///
/// ```
/// use smtp_core::{ConnectionInfo, Identity, SessionFacts};
///
/// let mut facts = SessionFacts::new(ConnectionInfo::default());
/// facts.set_identity(Identity::new("alice", "PLAIN"));
/// assert_eq!(facts.session().identity().unwrap().name(), "alice");
/// ```
#[derive(Debug)]
pub struct SessionFacts(Session);

impl SessionFacts {
    /// The facts of a connection that was just accepted.
    pub fn new(info: ConnectionInfo) -> Self {
        let tls = info.tls.clone();
        Self(Session(Arc::new(Facts {
            info: Arc::new(info),
            tls,
            hello: None,
            capabilities: Arc::default(),
            identity: None,
            envelope: None,
            held: Extensions::default(),
            connection: Extensions::default(),
            transaction: Extensions::default(),
        })))
    }

    /// The view of this moment.
    pub fn session(&self) -> &Session {
        &self.0
    }

    // Copies only if a view of an earlier moment is still held somewhere.
    fn facts(&mut self) -> &mut Facts {
        Arc::make_mut(&mut self.0.0)
    }

    /// Records the greeting and what was offered in answer; ends an open transaction.
    pub fn set_hello(&mut self, hello: Hello, capabilities: Capabilities) {
        self.end_transaction();
        let facts = self.facts();
        facts.hello = Some(hello);
        facts.capabilities = Arc::new(capabilities);
    }

    /// Records TLS and forgets all that was learnt before it (RFC 3207 section 4.2). What is
    /// [held](Session::held) stays.
    pub fn set_tls(&mut self, tls: Arc<TlsInfo>) {
        let facts = self.facts();
        *facts = Facts {
            info: facts.info.clone(),
            held: facts.held.clone(),
            tls: Some(tls),
            hello: None,
            capabilities: Arc::default(),
            identity: None,
            envelope: None,
            connection: Extensions::default(),
            transaction: Extensions::default(),
        };
    }

    /// Begins anew with another client, within the same TLS session. The certificate that was shown in
    /// it is not that client's.
    pub fn restart(&mut self, info: ConnectionInfo) {
        let tls = self.session().tls().map(|tls| Arc::new(tls.without_peer()));
        *self = Self::new(info);
        self.facts().tls = tls;
    }

    /// Records who the client is.
    pub fn set_identity(&mut self, identity: Identity) {
        self.facts().identity = Some(identity);
    }

    /// Opens a transaction.
    pub fn start_transaction(&mut self, sender: Mail) {
        self.facts().envelope = Some(Arc::new(Envelope::new(sender)));
    }

    /// Adds a recipient to the open transaction.
    pub fn add_recipient(&mut self, recipient: Recipient) {
        if let Some(envelope) = &mut self.facts().envelope {
            Arc::make_mut(envelope).recipients.push(recipient);
        }
    }

    /// Closes the transaction, if one is open, and forgets what layers noted in it.
    pub fn end_transaction(&mut self) {
        let facts = self.facts();
        facts.envelope = None;
        // Whoever still holds the ended transaction's map keeps it as it was.
        facts.transaction.replace();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DistinguishedName, Fingerprint, PeerCertificate, Verify};

    #[test]
    fn starttls_leaves_nothing_but_what_is_held() {
        let mut facts = SessionFacts::new(ConnectionInfo::default());
        facts.session().connection().insert(1_u8);
        facts.session().held().insert(2_u8);
        facts.set_tls(Arc::new(TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128)));
        assert_eq!(facts.session().connection().get::<u8>(), None);
        assert_eq!(facts.session().held().get::<u8>(), Some(2));
        facts.restart(facts.session().info().clone());
        assert_eq!(facts.session().held().get::<u8>(), None, "another client holds nothing");
    }

    #[test]
    fn a_client_that_somebody_speaks_for_has_not_shown_the_certificate_of_the_speaker() {
        let name = || DistinguishedName::new([("CN", "proxy.example")]);
        let mut tls = TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128);
        tls.verify = Verify::Ok;
        tls.peer_certificate = Some(Box::new(PeerCertificate::new(name(), name(), Fingerprint([0; 32]))));
        tls.peer_certificates = vec![vec![0].into()];
        let mut facts = SessionFacts::new(ConnectionInfo::default().tls(Arc::new(tls)));
        facts.set_identity(Identity::new("proxy", "EXTERNAL"));
        assert!(facts.session().tls().is_some_and(|tls| tls.verified_peer().is_some()));
        facts.restart(facts.session().info().clone());
        assert!(facts.session().login().is_none());
        let expected = TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128);
        assert_eq!(facts.session().tls().map(|tls| &**tls), Some(&expected));
    }
}
