use std::fmt;
use std::io;
use std::sync::Arc;

use smtp_core::{BoxFuture, Transport};
use tokio::net::TcpStream;

/// Makes connections to the next hop.
///
/// Closures `Fn() -> impl Future<Output = io::Result<Transport>>` implement it, for Unix sockets,
/// proxies and tests.
pub trait Connect: Send + Sync + 'static {
    /// A new connection.
    fn connect(&self) -> BoxFuture<io::Result<Transport>>;

    /// The next hop's name, for the log.
    fn destination(&self) -> String {
        "next hop".to_owned()
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

/// A host and a port, reached by TCP. All addresses of the host are tried in the order in which
/// the system's resolver gives them.
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
            let stream = TcpStream::connect((&*host, port)).await?;
            // Commands and content are written in large pieces already.
            stream.set_nodelay(true)?;
            Ok(Transport::new(stream))
        })
    }

    fn destination(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for NextHop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}
