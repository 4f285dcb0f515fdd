use std::borrow::Cow;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use smtp_core::{ConnectionInfo, Dialect, Host, Peer, Transport};

use super::Socket;

/// Where connections come from.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no listener",
    note = "wrap a `tokio::net::TcpListener` in `Connections::new(socket, ServerInfo::new(name))`"
)]
pub trait Listener: Send + 'static {
    /// The next connection. It must be safe to drop the future and to ask again: no connection may
    /// be lost by it.
    ///
    /// # Errors
    /// Only when no further connection can ever come.
    fn accept(&mut self) -> impl Future<Output = io::Result<(Transport, ConnectionInfo)>> + Send;
}

/// What the connections of one listener have in common.
#[derive(Debug, Clone)]
pub struct ServerInfo {
    server_name: Host,
    listener: Cow<'static, str>,
    dialect: Dialect,
}

impl ServerInfo {
    /// A server that calls itself by this name.
    pub fn new(server_name: impl Into<Host>) -> Self {
        Self { server_name: server_name.into(), listener: Cow::Borrowed("smtp"), dialect: Dialect::Smtp }
    }

    /// Speaks LMTP (RFC 2033).
    #[must_use]
    pub fn lmtp(mut self) -> Self {
        self.dialect = Dialect::Lmtp;
        self
    }

    /// Names the listener, for policies and logs.
    #[must_use]
    pub fn listener(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.listener = name.into();
        self
    }
}

/// Connections from a socket.
#[derive(Debug)]
pub struct Connections {
    socket: Socket,
    info: ServerInfo,
}

impl Connections {
    /// Accepts from `socket`: tokio's `TcpListener` or `UnixListener`, or a [`Socket`].
    pub fn new(socket: impl Into<Socket>, info: ServerInfo) -> Self {
        Self { socket: socket.into(), info }
    }

    /// The address that is listened on.
    ///
    /// # Errors
    /// Those of the socket; a Unix socket has none.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()?.ok_or_else(|| io::ErrorKind::Unsupported.into())
    }

    fn info(&self, peer: Peer) -> ConnectionInfo {
        ConnectionInfo::new(peer, self.info.server_name.clone())
            .listener(self.info.listener.clone())
            .dialect(self.info.dialect)
    }

    async fn next(&self) -> io::Result<(Transport, ConnectionInfo)> {
        match &self.socket {
            Socket::Tcp(socket) => {
                let (stream, peer) = socket.accept().await?;
                // Replies are written as wholes already. A socket that does not take the option is
                // slower, no more.
                let _ = stream.set_nodelay(true);
                let mut info = self.info(Peer::Ip(peer));
                info.local = stream.local_addr().ok();
                Ok((Transport::new(stream), info))
            }
            Socket::Unix(socket) => {
                let (stream, _) = socket.accept().await?;
                Ok((Transport::new(stream), self.info(Peer::Local)))
            }
        }
    }
}

impl Listener for Connections {
    async fn accept(&mut self) -> io::Result<(Transport, ConnectionInfo)> {
        loop {
            match self.next().await {
                Ok(accepted) => return Ok(accepted),
                Err(error) if is_of_the_connection(&error) => {}
                Err(error) => {
                    // Out of descriptors, mostly: others must end before the next can begin.
                    tracing::error!(%error, "cannot accept connections for the moment");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }
}

/// The client went away between connecting and being accepted.
fn is_of_the_connection(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(error.kind(), Kind::ConnectionRefused | Kind::ConnectionAborted | Kind::ConnectionReset)
}
