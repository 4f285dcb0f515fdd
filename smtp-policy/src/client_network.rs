//! Which part of the network counts as one.

use std::net::IpAddr;

use ipnet::IpNet;

/// The network of this address with so many bits in IPv4 and in IPv6.
pub(crate) fn of_bits(address: IpAddr, v4: u8, v6: u8) -> IpNet {
    let address = address.to_canonical();
    let bits = if address.is_ipv4() { v4 } else { v6 };
    IpNet::new(address, bits).map_or_else(|_| address.into(), |network| network.trunc())
}

/// What one client is taken to have: an IPv4 address, or the 64 bits in front of an IPv6 address, behind which
/// it has as many addresses as it wants.
pub(crate) fn of_client(address: IpAddr) -> IpNet {
    of_bits(address, 32, 64)
}

/// A network as replies and keys have it: a single address without its length.
pub(crate) fn spell(network: IpNet) -> String {
    if network.prefix_len() == network.max_prefix_len() {
        network.addr().to_string()
    } else {
        network.to_string()
    }
}

/// Whether one of the networks has this address.
pub(crate) fn contains(networks: &[IpNet], address: Option<IpAddr>) -> bool {
    address.is_some_and(|address| networks.iter().any(|network| network.contains(&address)))
}
