//! The accept loop.

mod listener;
mod places;

use std::fmt;
use std::future::{Future, IntoFuture, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub use listener::{Connections, Listener, ServerInfo};
use places::{Place, Places};
use smtp_core::{BoxError, BoxFuture, ConnectionInfo, Peer, SmtpService, Transport, Upgrade};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};

use crate::{Connection, Options};

/// Serves every connection that `listener` accepts, each with a service that `make_service` makes
/// for it. [`Shared`](crate::Shared) makes clones of one service: pass `Shared::new(stack)`. Nobody else is accepted while a
/// service is being made.
///
/// The future runs until the shutdown signal, if one is given, and then until the last connection
/// has ended or the deadline is over. Dropping it drops all connections.
///
/// # Errors
/// When the listener fails for good; failures of single connections are logged.
pub fn serve<L, M, S>(listener: L, make_service: M) -> Serve<L, M>
where
    L: Listener,
    M: Service<ConnectionInfo, Response = S, Error: Into<BoxError>>,
    S: SmtpService,
{
    Serve {
        listener,
        make_service,
        options: Options::default(),
        implicit_tls: None,
        signal: Box::pin(pending()),
        deadline: Duration::from_secs(30),
        max_connections: 1000,
        max_per_client: 100,
    }
}

/// What [`serve`] returns: options to set, and then a future to await.
#[must_use = "nothing is served until this is awaited"]
pub struct Serve<L, M> {
    listener: L,
    make_service: M,
    options: Options,
    implicit_tls: Option<Arc<dyn Upgrade>>,
    signal: BoxFuture<()>,
    deadline: Duration,
    max_connections: usize,
    max_per_client: usize,
}

impl<L, M> Serve<L, M> {
    /// Sets the driver's options.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Begins each connection with a handshake (RFC 8314 section 3.3), in the connection's own
    /// task and within the handshake timeout of the options.
    pub fn implicit_tls(mut self, upgrade: impl Upgrade) -> Self {
        self.implicit_tls = Some(Arc::new(upgrade));
        self
    }

    /// Stops accepting once `signal` is ready. Each connection ends its command in flight, a
    /// message being received too, and closes with 421.
    pub fn with_graceful_shutdown(mut self, signal: impl Future<Output = ()> + Send + 'static) -> Self {
        self.signal = Box::pin(signal);
        self
    }

    /// How long connections may take for that; 30 seconds by default.
    pub fn shutdown_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// How many connections may be open at once; further ones are told 421 and closed. 1,000 by
    /// default.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.max_connections = connections;
        self
    }

    /// How many connections one client may have open at once, an IPv4 address or an IPv6 network of
    /// 64 bits; further ones are told 421 and closed. 100 by default.
    pub fn max_connections_per_client(mut self, connections: usize) -> Self {
        self.max_per_client = connections;
        self
    }
}

impl<L, M, S> Serve<L, M>
where
    L: Listener,
    M: Service<ConnectionInfo, Response = S, Error: Into<BoxError>, Future: Send>,
    S: SmtpService,
{
    async fn run(mut self) -> io::Result<()> {
        let mut signal = self.signal;
        let shutdown = CancellationToken::new();
        let places = Places::new(self.max_connections, self.max_per_client);
        let mut connections = JoinSet::new();
        let result = loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut signal => break Ok(()),
                // Ended connections are let go of as they end.
                Some(_) = connections.join_next() => continue,
            };
            let (transport, info) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => break Err(error),
            };
            let place = match places.take(info.peer) {
                Ok(place) => place,
                Err(excess) => {
                    tracing::warn!(peer = %info.peer, excess, "connection refused");
                    if self.implicit_tls.is_none() {
                        connections.spawn(refuse(transport, excess));
                    }
                    continue;
                }
            };
            match make(&mut self.make_service, info.clone()).await {
                Ok(service) => {
                    let (options, shutdown) = (self.options.clone(), shutdown.clone());
                    match self.implicit_tls.clone() {
                        None => {
                            let peer = info.peer;
                            let connection = Connection::with_options(transport, info, service, options);
                            connections.spawn(drive(connection, peer, shutdown, place));
                        }
                        Some(upgrade) => {
                            connections
                                .spawn(protect(transport, info, service, options, upgrade, shutdown, place));
                        }
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "no service for a connection");
                    connections.spawn(refuse(transport, "no service"));
                }
            }
        };
        // New clients find nobody rather than a server that does not greet them.
        drop(self.listener);
        shutdown.cancel();
        let drained = async { while connections.join_next().await.is_some() {} };
        if timeout(self.deadline, drained).await.is_err() {
            tracing::warn!(connections = connections.len(), "connections cut off at the shutdown deadline");
        }
        result
    }
}

async fn make<M, S>(make_service: &mut M, info: ConnectionInfo) -> Result<S, BoxError>
where
    M: Service<ConnectionInfo, Response = S, Error: Into<BoxError>>,
{
    let ready = make_service.ready().await.map_err(Into::into)?;
    ready.call(info).await.map_err(Into::into)
}

/// Shakes hands, and serves the connection then.
async fn protect<S: SmtpService>(
    transport: Transport,
    info: ConnectionInfo,
    service: S,
    options: Options,
    upgrade: Arc<dyn Upgrade>,
    shutdown: CancellationToken,
    place: Place,
) {
    let peer = info.peer;
    let handshake = timeout(options.handshake_timeout, upgrade.upgrade(transport));
    let upgraded = tokio::select! {
        upgraded = handshake => upgraded.unwrap_or_else(|elapsed| Err(elapsed.into())),
        () = shutdown.cancelled() => return,
    };
    match upgraded {
        Ok(upgraded) => {
            let info = info.tls(upgraded.tls);
            let connection = Connection::with_options(upgraded.transport, info, service, options);
            drive(connection, peer, shutdown, place).await;
        }
        Err(error) => tracing::info!(%peer, %error, "TLS handshake failed"),
    }
}

/// Polls one connection to its end, which gives its place back.
async fn drive(mut connection: Connection, peer: Peer, shutdown: CancellationToken, _place: Place) {
    let result = tokio::select! {
        result = &mut connection => result,
        () = shutdown.cancelled() => {
            connection.graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        tracing::info!(%peer, %error, cause, "connection ended");
    }
}

/// Turns a client away before anything else is done for it.
async fn refuse(mut transport: Transport, reason: &'static str) {
    use tokio::io::AsyncWriteExt;
    let reply = async {
        let line = format!("421 4.3.2 {reason}, try again later\r\n");
        transport.write_all(line.as_bytes()).await?;
        transport.shutdown().await
    };
    // A client that is gone needs no reply.
    let _ = timeout(Duration::from_secs(1), reply).await;
}

impl<L, M, S> IntoFuture for Serve<L, M>
where
    L: Listener,
    M: Service<ConnectionInfo, Response = S, Error: Into<BoxError>, Future: Send> + Send + 'static,
    S: SmtpService,
{
    type Output = io::Result<()>;
    type IntoFuture = Pin<Box<dyn Future<Output = io::Result<()>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<L: fmt::Debug, M> fmt::Debug for Serve<L, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Serve").field("listener", &self.listener).finish_non_exhaustive()
    }
}
