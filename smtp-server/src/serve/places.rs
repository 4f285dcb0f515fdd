use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smtp_core::Peer;

/// The places for connections: so many in all, and so many for each client.
#[derive(Debug, Clone)]
pub(super) struct Places {
    pub(super) in_all: usize,
    pub(super) per_client: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    in_all: usize,
    by_client: HashMap<IpAddr, usize>,
}

/// A place that is taken until this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    taken: Arc<Mutex<Taken>>,
    client: Option<IpAddr>,
}

impl Places {
    pub(super) fn new(in_all: usize, per_client: usize) -> Self {
        Self { in_all, per_client, taken: Arc::default() }
    }

    /// A place for this client, or what there are too many of.
    pub(super) fn take(&self, peer: Peer) -> Result<Place, &'static str> {
        let client = peer.ip().map(client);
        let mut taken = lock(&self.taken);
        if taken.in_all >= self.in_all {
            return Err("too many connections");
        }
        if let Some(client) = client {
            let count = taken.by_client.entry(client).or_default();
            if *count >= self.per_client {
                return Err("too many connections from you");
            }
            *count += 1;
        }
        taken.in_all += 1;
        Ok(Place { taken: self.taken.clone(), client })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        taken.in_all -= 1;
        if let Some(client) = self.client
            && let Some(count) = taken.by_client.get_mut(&client)
        {
            *count -= 1;
            if *count == 0 {
                taken.by_client.remove(&client);
            }
        }
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    // Nothing panics while the lock is held.
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What counts as one client: an IPv4 address, or the IPv6 network of 64 bits that a host is given.
fn client(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn peer(address: &str) -> Peer {
        Peer::Ip(SocketAddr::new(address.parse().unwrap(), 25))
    }

    #[test]
    fn places_are_counted_in_all_and_for_each_client() {
        let places = Places::new(4, 2);
        let first = places.take(peer("192.0.2.1")).unwrap();
        let _second = places.take(peer("::ffff:192.0.2.1")).unwrap();
        assert!(places.take(peer("192.0.2.1")).is_err());
        let _third = places.take(peer("2001:db8::1")).unwrap();
        let fourth = places.take(peer("2001:db8::2:1")).unwrap();
        assert!(places.take(Peer::Local).is_err());
        drop(fourth);
        assert!(places.take(peer("2001:db8:0:1::1")).is_ok());
        drop(first);
        assert!(places.take(peer("192.0.2.1")).is_ok());
    }

    #[test]
    fn clients_that_went_leave_nothing_behind() {
        let places = Places::new(10, 2);
        for host in 0..100 {
            drop(places.take(peer(&format!("192.0.2.{host}"))));
        }
        assert!(lock(&places.taken).by_client.is_empty());
    }
}
