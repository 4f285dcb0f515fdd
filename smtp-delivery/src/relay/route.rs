use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use smtp_core::client::Destination;
use tokio::net::lookup_host;

use super::Connect;
use super::hop::{Hop, PATIENCE};
use super::mx::Mx;
use super::source::Sources;

/// The way to the next hop.
#[derive(Clone)]
pub(super) enum Route {
    /// Whatever the connections lead to.
    Over(Arc<dyn Connect>, Destination),
    /// A fixed host.
    Host(Destination),
    /// The servers of the recipients' domains.
    Mx(Arc<Mx>),
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Over(one, to), Self::Over(other, too)) => Arc::ptr_eq(one, other) && to == too,
            (Self::Host(one), Self::Host(other)) => one == other,
            (Self::Mx(one), Self::Mx(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

/// The servers at a host's addresses, in the order in which the system gives them.
pub(super) async fn of_host(host: &Destination, sources: &Sources) -> io::Result<Vec<Hop>> {
    let mut hops: Vec<Hop> = Vec::new();
    for address in lookup_host((&*host.host, host.port)).await? {
        let address: IpAddr = address.ip();
        if hops.iter().all(|hop| hop.destination.address != Some(address)) {
            hops.push(Hop::at(address, host.clone(), sources));
        }
    }
    if let Some((_, others)) = hops.split_last_mut() {
        others.iter_mut().for_each(|hop| hop.patience = PATIENCE);
    }
    Ok(hops)
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Over(_, destination) | Self::Host(destination) => destination.fmt(f),
            Self::Mx(_) => f.write_str("by MX"),
        }
    }
}
