//! What is known of a TLS session, as values: no TLS library is named here.

mod certificate;
mod distinguished_name;
mod verify;

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
pub use certificate::{Fingerprint, PeerCertificate, SubjectName};
pub use distinguished_name::DistinguishedName;
pub use verify::{CertificateProblem, Verify};

/// The facts of a TLS session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// `TLSv1.3`, `TLSv1.2`.
    pub version: Cow<'static, str>,
    /// The cipher suite by its IANA name.
    pub cipher: Cow<'static, str>,
    /// The strength of the cipher's key in bits.
    pub bits: u16,
    /// The key exchange group, where known.
    pub group: Option<Cow<'static, str>>,
    /// The name that the client asked for (SNI).
    pub server_name: Option<String>,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
    /// What came of the peer's certificate.
    pub verify: Verify,
    /// Why the peer's certificate is not good, if it is not.
    pub problem: Option<CertificateProblem>,
    /// What the peer's own certificate says, if it sent one; good or bad. Where it has to be good,
    /// ask [`verified_peer`](Self::verified_peer).
    pub peer_certificate: Option<Box<PeerCertificate>>,
    /// The peer's certificates in DER, its own first. Trust them only if `verify` is
    /// [`Verify::Ok`].
    pub peer_certificates: Vec<Bytes>,
    /// Data for channel bindings by their registered names (`tls-exporter`, RFC 9266;
    /// `tls-server-end-point`, RFC 5929).
    pub channel_bindings: Vec<ChannelBinding>,
}

impl TlsInfo {
    /// The facts that every session has; the rest is empty.
    pub fn new(
        version: impl Into<Cow<'static, str>>,
        cipher: impl Into<Cow<'static, str>>,
        bits: u16,
    ) -> Self {
        Self {
            version: version.into(),
            cipher: cipher.into(),
            bits,
            group: None,
            server_name: None,
            resumed: false,
            verify: Verify::Not,
            problem: None,
            peer_certificate: None,
            peer_certificates: Vec::new(),
            channel_bindings: Vec::new(),
        }
    }

    /// What the peer's certificate says, if it was verified and found good: who the peer is.
    pub fn verified_peer(&self) -> Option<&PeerCertificate> {
        self.peer_certificate.as_deref().filter(|_| self.verify == Verify::Ok)
    }

    /// The facts of the session without those of the peer's certificate.
    pub(crate) fn without_peer(&self) -> Self {
        Self {
            verify: Verify::Not,
            problem: None,
            peer_certificate: None,
            peer_certificates: Vec::new(),
            ..self.clone()
        }
    }

    /// The data of the channel binding with this name.
    pub fn channel_binding(&self, name: &str) -> Option<&[u8]> {
        self.channel_bindings.iter().find(|binding| binding.name == name).map(|binding| &*binding.data)
    }
}

/// What ties an authentication to this TLS session (RFC 5056).
#[derive(Clone, PartialEq, Eq)]
pub struct ChannelBinding {
    /// The registered name.
    pub name: &'static str,
    /// The octets.
    pub data: Bytes,
}

impl fmt::Debug for ChannelBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChannelBinding({})", self.name)
    }
}
