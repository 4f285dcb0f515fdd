use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use smtp_core::client::Destination;
use smtp_core::{BoxFuture, Host, Transport};
use tokio::net::{TcpSocket, TcpStream};

use super::Connect;
use super::source::Sources;

/// How long one of several addresses may be silent before the next one is tried.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// A server that a message may go to.
#[derive(Clone)]
pub(crate) struct Hop {
    pub(crate) connect: Arc<dyn Connect>,
    /// It connects by TCP to the destination.
    pub(crate) by_address: bool,
    pub(crate) destination: Destination,
    /// The name that goes with the address that we come from.
    pub(crate) name: Option<Host>,
    /// How long it may take to answer, where others wait to be tried.
    pub(crate) patience: Duration,
}

impl Hop {
    /// Whatever the connections lead to.
    pub(crate) fn over(connect: Arc<dyn Connect>, destination: Destination) -> Self {
        Self { connect, by_address: false, destination, name: None, patience: Duration::MAX }
    }

    /// One address of a destination.
    pub(crate) fn at(address: IpAddr, destination: Destination, sources: &Sources) -> Self {
        let to = SocketAddr::new(address, destination.port);
        let name = sources.name(address).cloned();
        let connect = Arc::new(Address { to, from: sources.address(address) });
        Self {
            connect,
            by_address: true,
            destination: destination.address(address),
            name,
            patience: Duration::MAX,
        }
    }
}

impl Hop {
    /// Where what happens with it is logged: which of several servers it is.
    pub(super) fn span(&self) -> tracing::Span {
        match self.destination.address.filter(|_| self.by_address) {
            Some(address) => tracing::warn_span!("server", host = %self.destination.host, %address),
            None => tracing::Span::none(),
        }
    }
}

/// A TCP address to connect to.
#[derive(Debug)]
struct Address {
    to: SocketAddr,
    from: Option<SocketAddr>,
}

impl Connect for Address {
    fn connect(&self) -> BoxFuture<io::Result<Transport>> {
        let Self { to, from } = *self;
        Box::pin(async move { tcp(to, from).await.map(Transport::new) })
    }
}

/// A connection to one address, from another if one is given.
pub(super) async fn tcp(to: SocketAddr, from: Option<SocketAddr>) -> io::Result<TcpStream> {
    let socket = if to.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if let Some(from) = from {
        socket.bind(from)?;
    }
    let stream = socket.connect(to).await?;
    // Commands and content are written in large pieces already.
    stream.set_nodelay(true)?;
    Ok(stream)
}
