use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use crate::Domain;

/// The server that a message is passed on to. Cheap to clone.
///
/// ```
/// use smtp_core::client::Destination;
///
/// let smart_host = Destination::new("smtp.example.net", 587);
/// assert_eq!(smart_host.to_string(), "smtp.example.net:587");
/// let mx = Destination::new("mx1.example.org", 25).domain("example.org".parse()?);
/// assert_eq!(mx.domain.unwrap().as_str(), "example.org");
/// # Ok::<(), smtp_core::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Destination {
    /// Its name or IP address: what was configured, or what an MX record says.
    pub host: Arc<str>,
    /// The port.
    pub port: u16,
    /// The address that the connection goes to, where it is known already.
    pub address: Option<IpAddr>,
    /// The domain of the recipients, where that is what led to the host (RFC 5321 section 5.1).
    /// `None` for a next hop that was configured.
    pub domain: Option<Domain>,
    /// Whether DNSSEC vouches for the MX records that led from the domain to the host. `None` if
    /// nobody has looked.
    pub secure: Option<bool>,
}

impl Destination {
    /// A host and a port.
    pub fn new(host: impl Into<Arc<str>>, port: u16) -> Self {
        Self { host: host.into(), port, address: None, domain: None, secure: None }
    }

    /// The same at this address.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// The same for recipients of this domain.
    #[must_use]
    pub fn domain(mut self, domain: Domain) -> Self {
        self.domain = Some(domain);
        self
    }

    /// The same, found by records that DNSSEC vouches for, or not.
    #[must_use]
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = Some(secure);
        self
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_address_is_told_from_its_port() {
        assert_eq!(Destination::new("2001:db8::25", 25).to_string(), "[2001:db8::25]:25");
        assert_eq!(Destination::new("192.0.2.1", 25).to_string(), "192.0.2.1:25");
    }
}
