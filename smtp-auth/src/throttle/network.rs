use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use smtp_core::Session;

/// The part of the network that one client is taken to have: an IPv4 address, or the 64 bits in front
/// of an IPv6 address, behind which a client has as many addresses as it wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClientNetwork {
    /// An address.
    V4(Ipv4Addr),
    /// The first 64 bits; the others are zero.
    V6(Ipv6Addr),
}

impl ClientNetwork {
    /// That of the client of a session; `None` for one without an IP address.
    pub fn of(session: &Session) -> Option<Self> {
        session.peer_ip().map(Self::from)
    }

    /// The site that it is of: the 48 bits in front of an IPv6 address, within which one subscriber may
    /// have 65536 networks (RFC 6177). IPv4 addresses are handed out one by one.
    pub fn site(self) -> Option<Ipv6Addr> {
        match self {
            Self::V4(_) => None,
            Self::V6(address) => Some(Ipv6Addr::from_bits(address.to_bits() >> 80 << 80)),
        }
    }
}

impl From<IpAddr> for ClientNetwork {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }
    }
}

impl fmt::Display for ClientNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => write!(f, "{address}/32"),
            Self::V6(address) => write!(f, "{address}/64"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_is_one_network() {
        let network = |text: &str| ClientNetwork::from(text.parse::<IpAddr>().unwrap()).to_string();
        assert_eq!(network("192.0.2.1"), "192.0.2.1/32");
        assert_eq!(network("::ffff:192.0.2.1"), "192.0.2.1/32");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        let site = |text: &str| ClientNetwork::from(text.parse::<IpAddr>().unwrap()).site();
        assert_eq!(site("2001:db8:1:2:3:4:5:6"), Some("2001:db8:1::".parse().unwrap()));
        assert_eq!(site("::ffff:192.0.2.1"), None);
    }
}
