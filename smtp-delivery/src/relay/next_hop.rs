use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use smtp_core::client::Destination;
use smtp_core::{BoxFuture, Transport};
use tokio::net::lookup_host;
use tokio::time::timeout;

use super::hop::{PATIENCE, tcp};

/// Makes connections to the next hop.
///
/// Closures `Fn() -> impl Future<Output = io::Result<Transport>>` implement it, for Unix sockets,
/// proxies and tests.
pub trait Connect: Send + Sync + 'static {
    /// A new connection.
    fn connect(&self) -> BoxFuture<io::Result<Transport>>;

    /// Where it leads: what TLS, AUTH and the log know the next hop by. Without a name of its own
    /// no certificate fits.
    fn destination(&self) -> Destination {
        Destination::new("next hop", 25)
    }
}

impl<F, Fut> Connect for F
where
    F: Fn() -> Fut + Send + Sync + 'static,
    Fut: Future<Output = io::Result<Transport>> + Send + 'static,
{
    fn connect(&self) -> BoxFuture<io::Result<Transport>> {
        Box::pin(self())
    }
}

/// A host and a port, reached by TCP. The addresses of the host are tried in the order in which the
/// system's resolver gives them (RFC 5321 section 5.1), each but the last for ten seconds at most:
/// an address at which nobody answers must not take the time of the others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NextHop {
    host: Arc<str>,
    port: u16,
}

impl NextHop {
    /// The host, by its name or IP address, and its port.
    pub fn new(host: impl Into<Arc<str>>, port: u16) -> Self {
        Self { host: host.into(), port }
    }
}

impl Connect for NextHop {
    fn connect(&self) -> BoxFuture<io::Result<Transport>> {
        let Self { host, port } = self.clone();
        Box::pin(async move {
            let addresses: Vec<_> = lookup_host((&*host, port)).await?.collect();
            first_of(&addresses, |address| tcp(address, None)).await.map(Transport::new)
        })
    }

    fn destination(&self) -> Destination {
        Destination::new(self.host.clone(), self.port)
    }
}

/// The first connection that comes about.
async fn first_of<T, F>(addresses: &[SocketAddr], connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    let no_address = || io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    let (last, others) = addresses.split_last().ok_or_else(no_address)?;
    for address in others {
        match timeout(PATIENCE, connect(*address)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) => tracing::debug!(%address, %error, "address does not answer, trying the next"),
            Err(_) => tracing::debug!(%address, "address is silent, trying the next"),
        }
    }
    connect(*last).await
}

impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.destination().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;

    const SILENT: u16 = 1;
    const REFUSING: u16 = 2;
    const ANSWERING: u16 = 3;

    async fn connect(address: SocketAddr) -> io::Result<u16> {
        match address.port() {
            SILENT => std::future::pending().await,
            REFUSING => Err(io::ErrorKind::ConnectionRefused.into()),
            port => Ok(port),
        }
    }

    fn addresses(ports: &[u16]) -> Vec<SocketAddr> {
        ports.iter().map(|port| SocketAddr::from(([192, 0, 2, 1], *port))).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_does_not_answer_gives_way_to_the_next() {
        for (ports, seconds) in
            [(&[ANSWERING][..], 0), (&[REFUSING, ANSWERING], 0), (&[SILENT, REFUSING, SILENT, ANSWERING], 20)]
        {
            let start = Instant::now();
            assert_eq!(first_of(&addresses(ports), connect).await.unwrap(), ANSWERING);
            assert_eq!(start.elapsed().as_secs(), seconds);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_address_has_all_the_time_that_is_left() {
        let silent = addresses(&[SILENT]);
        assert!(timeout(PATIENCE * 100, first_of(&silent, connect)).await.is_err());
        for (ports, kind) in
            [(&[][..], io::ErrorKind::NotFound), (&[SILENT, REFUSING], io::ErrorKind::ConnectionRefused)]
        {
            assert_eq!(first_of(&addresses(ports), connect).await.unwrap_err().kind(), kind);
        }
    }
}
