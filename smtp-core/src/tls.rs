//! What is known of a TLS session, as values: no TLS library is named here.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;

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
            peer_certificates: Vec::new(),
            channel_bindings: Vec::new(),
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

/// What came of verifying the peer's certificate, in Sendmail's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verify {
    /// `OK`: the certificate is good.
    Ok,
    /// `NO`: none was sent.
    No,
    /// `NOT`: none was asked for.
    Not,
    /// `FAIL`: the certificate is bad.
    Fail,
}

impl fmt::Display for Verify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::No => "NO",
            Self::Not => "NOT",
            Self::Fail => "FAIL",
        })
    }
}
