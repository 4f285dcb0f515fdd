use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smtp_core::Peer;

/// The places for connections: so many in all, and so many for each client.
#[derive(Debug, Clone)]
pub(super) struct Places {
    in_all: usize,
    per_client: usize,
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
    places: Places,
    client: Option<IpAddr>,
}

impl Places {
    pub(super) fn new(in_all: usize, per_client: usize) -> Self {
        Self { in_all, per_client, taken: Arc::default() }
    }

    /// A place for somebody who is not known yet, or what there are too many of.
    pub(super) fn take(&self) -> Result<Place, &'static str> {
        let mut taken = lock(&self.taken);
        if taken.in_all >= self.in_all {
            return Err("too many connections");
        }
        taken.in_all += 1;
        Ok(Place { places: self.clone(), client: None })
    }
}

impl Place {
    /// Counts the place for this client, or tells what there are too many of.
    pub(super) fn name(&mut self, peer: Peer) -> Result<(), &'static str> {
        let Some(client) = peer.ip().map(client) else { return Ok(()) };
        let mut taken = lock(&self.places.taken);
        let count = taken.by_client.entry(client).or_default();
        if *count >= self.places.per_client {
            return Err("too many connections from you");
        }
        *count += 1;
        self.client = Some(client);
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.places.taken);
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

    fn take(places: &Places, peer: Peer) -> Result<Place, &'static str> {
        let mut place = places.take()?;
        place.name(peer).map(|()| place)
    }

    #[test]
    fn places_are_counted_in_all_and_for_each_client() {
        let places = Places::new(4, 2);
        let first = take(&places, peer("192.0.2.1")).unwrap();
        let _second = take(&places, peer("::ffff:192.0.2.1")).unwrap();
        assert!(take(&places, peer("192.0.2.1")).is_err());
        let _third = take(&places, peer("2001:db8::1")).unwrap();
        let fourth = take(&places, peer("2001:db8::2:1")).unwrap();
        assert!(take(&places, Peer::Local).is_err());
        drop(fourth);
        assert!(take(&places, peer("2001:db8:0:1::1")).is_ok());
        drop(first);
        assert!(take(&places, peer("192.0.2.1")).is_ok());
    }

    #[test]
    fn clients_that_went_leave_nothing_behind() {
        let places = Places::new(10, 2);
        for host in 0..100 {
            drop(take(&places, peer(&format!("192.0.2.{host}"))));
        }
        assert!(lock(&places.taken).by_client.is_empty());
    }
}
