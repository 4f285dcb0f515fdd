use std::fmt::{self, Write as _};
use std::net::IpAddr;
use std::time::SystemTime;

use super::DistinguishedName;

/// What the peer's own certificate says. Whether it may be believed, [`Verify`](super::Verify)
/// tells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerCertificate {
    /// To whom it was issued.
    pub subject: DistinguishedName,
    /// By whom.
    pub issuer: DistinguishedName,
    /// The further names of the subject (SAN).
    pub names: Vec<SubjectName>,
    /// The serial number in hexadecimal digits.
    pub serial: String,
    /// From when it is valid.
    pub not_before: SystemTime,
    /// Until when.
    pub not_after: SystemTime,
    /// The SHA-256 hash of all of it.
    pub fingerprint: Fingerprint,
}

impl PeerCertificate {
    /// A certificate with this subject, issuer and fingerprint, and no more.
    pub fn new(subject: DistinguishedName, issuer: DistinguishedName, fingerprint: Fingerprint) -> Self {
        Self {
            subject,
            issuer,
            names: Vec::new(),
            serial: String::new(),
            not_before: SystemTime::UNIX_EPOCH,
            not_after: SystemTime::UNIX_EPOCH,
            fingerprint,
        }
    }

    /// The host names among the further names.
    pub fn dns_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().filter_map(|name| match name {
            SubjectName::Dns(name) => Some(&**name),
            _ => None,
        })
    }

    /// The mail addresses among the further names.
    pub fn emails(&self) -> impl Iterator<Item = &str> {
        self.names.iter().filter_map(|name| match name {
            SubjectName::Email(address) => Some(&**address),
            _ => None,
        })
    }
}

/// A name of the subject of a certificate (RFC 5280 section 4.2.1.6).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubjectName {
    /// A host name; it may begin with `*.`.
    Dns(String),
    /// A mail address.
    Email(String),
    /// An IP address.
    Ip(IpAddr),
    /// A URI.
    Uri(String),
}

/// The SHA-256 hash of a certificate. Prints as OpenSSL does: `AB:CD:..`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, octet) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_char(':')?;
            }
            write!(f, "{octet:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}
