use std::fmt;
use std::future::{Future, IntoFuture, pending};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use smtp_core::{BoxError, BoxFuture, ConnectionInfo, SmtpService, Upgrade};
use tower::Service;

use super::{Listener, ProxyProtocol};
use crate::Options;

/// Chooses the driver's options for a connection.
pub(super) type ChooseOptions = Arc<dyn Fn(&ConnectionInfo) -> Options + Send + Sync>;
/// Chooses the handshake for a connection.
pub(super) type Choose = Arc<dyn Fn(&ConnectionInfo) -> Arc<dyn Upgrade> + Send + Sync>;

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
        options: Arc::new(|_| Options::default()),
        implicit_tls: None,
        proxy: None,
        signal: Box::pin(pending()),
        deadline: Duration::from_secs(30),
        max_connections: 1000,
        max_per_client: 100,
    }
}

/// What [`serve`] returns: options to set, and then a future to await.
#[must_use = "nothing is served until this is awaited"]
pub struct Serve<L, M> {
    pub(super) listener: L,
    pub(super) make_service: M,
    pub(super) options: ChooseOptions,
    pub(super) implicit_tls: Option<Choose>,
    pub(super) proxy: Option<ProxyProtocol>,
    pub(super) signal: BoxFuture<()>,
    pub(super) deadline: Duration,
    pub(super) max_connections: usize,
    pub(super) max_per_client: usize,
}

impl<L, M> Serve<L, M> {
    /// Sets the driver's options.
    pub fn options(self, options: Options) -> Self {
        self.options_by(move |_| options.clone())
    }

    /// The same with options that `choose` chooses for each connection: how long the client waits for the
    /// greeting for example.
    pub fn options_by(mut self, choose: impl Fn(&ConnectionInfo) -> Options + Send + Sync + 'static) -> Self {
        self.options = Arc::new(choose);
        self
    }

    /// Begins each connection with a handshake (RFC 8314 section 3.3), in the connection's own
    /// task and within the handshake timeout of the options.
    pub fn implicit_tls(self, upgrade: impl Upgrade) -> Self {
        let upgrade: Arc<dyn Upgrade> = Arc::new(upgrade);
        self.implicit_tls_by(move |_| Arc::clone(&upgrade))
    }

    /// The same with a handshake that `choose` chooses for each connection: whether the client is asked
    /// for a certificate for example.
    pub fn implicit_tls_by<U: Upgrade>(
        mut self,
        choose: impl Fn(&ConnectionInfo) -> U + Send + Sync + 'static,
    ) -> Self {
        self.implicit_tls = Some(Arc::new(move |info| Arc::new(choose(info))));
        self
    }

    /// Takes from these forwarders by the PROXY protocol whose connections they bring. The header
    /// is read before anything else, in the connection's own task; without a proper one the connection
    /// ends.
    pub fn proxy_protocol(mut self, forwarders: ProxyProtocol) -> Self {
        self.proxy = Some(forwarders);
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
