use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;

use futures::future::join_all;
use smtp_core::client::Destination;

use super::{LookupError, Mx};
use crate::relay::hop::Hop;
use crate::relay::source::Sources;

/// The servers of one preference.
pub(super) enum Level {
    /// To be tried in this order.
    Servers(Vec<Hop>),
    /// We are one of them.
    Ours,
    /// None that can be reached; whether that may change.
    Nobody { temporary: bool },
}

impl Mx {
    /// Looks the addresses of hosts up.
    pub(super) async fn level(&self, hosts: &[Arc<str>], to: &Destination, sources: &Sources) -> Level {
        let found = join_all(hosts.iter().map(|host| self.lookup.addresses(host))).await;
        let (mut hops, mut temporary) = (Vec::new(), false);
        for (host, found) in hosts.iter().zip(found) {
            let addresses = match found {
                Ok(addresses) => addresses,
                Err(LookupError::NoSuchName) => Vec::new(),
                Err(LookupError::Temporary(error)) => {
                    tracing::warn!(%host, %error, "a mail server cannot be looked up");
                    temporary = true;
                    continue;
                }
            };
            if addresses.iter().any(|address| self.own.is_address(*address)) {
                return Level::Ours;
            }
            let mut destination = to.clone();
            destination.host = host.clone();
            let usable =
                in_turn(addresses.into_iter().map(|address| address.to_canonical()).filter(is_usable));
            hops.extend(usable.map(|address| Hop::at(address, destination.clone(), sources)));
        }
        if hops.is_empty() { Level::Nobody { temporary } } else { Level::Servers(hops) }
    }
}

/// Whether a server can have this address.
pub(super) fn is_usable(address: &IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !(address.is_unspecified() || address.is_multicast() || broadcast)
}

/// IPv6 and IPv4 in turn: where one of them does not work, the other is not far.
fn in_turn(addresses: impl Iterator<Item = IpAddr>) -> impl Iterator<Item = IpAddr> {
    let (mut v6, mut v4): (VecDeque<_>, VecDeque<_>) = addresses.partition(IpAddr::is_ipv6);
    let mut last_was_v6 = false;
    std::iter::from_fn(move || {
        last_was_v6 = !last_was_v6;
        let (these, those) = if last_was_v6 { (&mut v6, &mut v4) } else { (&mut v4, &mut v6) };
        these.pop_front().or_else(|| those.pop_front())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns() {
        for (addresses, expected) in [
            ("", ""),
            ("192.0.2.1 192.0.2.2", "192.0.2.1 192.0.2.2"),
            ("192.0.2.1 2001:db8::1", "2001:db8::1 192.0.2.1"),
            ("192.0.2.1 192.0.2.2 192.0.2.3 2001:db8::1", "2001:db8::1 192.0.2.1 192.0.2.2 192.0.2.3"),
            ("2001:db8::1 2001:db8::2 192.0.2.1", "2001:db8::1 192.0.2.1 2001:db8::2"),
        ] {
            let found = in_turn(addresses.split_whitespace().map(|text| text.parse().unwrap()));
            assert_eq!(found.map(|address| address.to_string()).collect::<Vec<_>>().join(" "), expected);
        }
    }

    #[test]
    fn nobody_is_at_some_addresses() {
        for (address, expected) in [
            ("192.0.2.1", true),
            ("2001:db8::1", true),
            ("0.0.0.0", false),
            ("255.255.255.255", false),
            ("224.0.0.1", false),
            ("::", false),
            ("ff02::1", false),
        ] {
            assert_eq!(is_usable(&address.parse().unwrap()), expected, "{address}");
        }
    }
}
