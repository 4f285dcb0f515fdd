use std::fmt;

use super::Peer;

/// A connection that came through a forwarder, which said by the PROXY protocol whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proxied {
    /// The forwarder.
    pub by: Peer,
    /// What the forwarder says of TLS between the client and itself.
    pub tls: Option<ProxiedTls>,
}

impl Proxied {
    /// A connection that this one has forwarded.
    pub fn new(by: Peer) -> Self {
        Self { by, tls: None }
    }
}

/// What a forwarder says of the TLS that it ended. It is hearsay: nothing of it counts as TLS of the
/// session, neither for policies that demand some nor in trace fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxiedTls {
    /// The version as the forwarder writes it, `TLSv1.3` for example.
    pub version: Option<String>,
    /// The cipher suite as the forwarder writes it.
    pub cipher: Option<String>,
    /// The name that the client asked for (SNI).
    pub server_name: Option<String>,
    /// The common name of the client's certificate.
    pub client_name: Option<String>,
    /// Whether the client showed a certificate that the forwarder found good.
    pub client_verified: bool,
}

impl fmt::Display for ProxiedTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |text: &Option<String>| text.as_deref().unwrap_or("?").escape_default().to_string();
        write!(f, "{} {}", text(&self.version), text(&self.cipher))?;
        if self.client_name.is_some() {
            let verdict = if self.client_verified { "verified" } else { "not verified" };
            write!(f, " client {} {verdict}", text(&self.client_name))?;
        }
        Ok(())
    }
}
