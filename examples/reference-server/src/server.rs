//! The listeners, from binding to the last connection.

use std::future::{Future, IntoFuture as _};
use std::io;
use std::net::SocketAddr;

use smtp_server::codec::BareLineEndings;
use smtp_server::{BoxError, Connections, Options, ServerInfo, Shared, serve};
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::bootstrap::{self, Prepared};
use crate::config::{Config, Kind, Listener};
use crate::{config, stack, sweep};

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1024;

/// Serves until SIGTERM or SIGINT, and then until the last connection has ended.
pub(crate) async fn run(config: Config) -> Result<(), BoxError> {
    let shutdown = shutdown()?;
    // All or none: whoever reads the first line may rely on the others.
    let sockets = config.listeners.iter().map(bind).collect::<Result<Vec<_>, _>>()?;
    // A password that is shown once must not be lost in a start that fails for a port.
    let prepared = bootstrap::prepare(&config)?;
    let mut servers = JoinSet::new();
    for (listener, socket) in config.listeners.iter().zip(sockets) {
        println!("listening on {} {}", listener.name, socket.local_addr()?);
        servers.spawn(server(&config, &prepared, listener, socket, shutdown.clone())?);
    }
    let sweeper = tokio::spawn(sweep::daily(config.mailboxes.clone()));
    while let Some(ended) = servers.join_next().await {
        ended??;
    }
    sweeper.abort();
    tracing::info!("all connections have ended");
    Ok(())
}

fn server(
    config: &Config,
    prepared: &Prepared,
    listener: &Listener,
    socket: TcpListener,
    shutdown: watch::Receiver<bool>,
) -> Result<impl Future<Output = io::Result<()>> + Send + use<>, BoxError> {
    let stack = Shared::new(stack::session(config, prepared, listener.kind)?);
    let info = ServerInfo::new(config.hostname.clone()).listener(listener.name.clone());
    let info = if listener.kind == Kind::Lmtp { info.lmtp() } else { info };
    let mut server = serve(Connections::new(socket, info), stack)
        .options(options(config, listener.kind))
        .max_connections(config.limits.connections)
        .max_connections_per_client(config.limits.connections_per_client)
        .shutdown_deadline(config.limits.shutdown_timeout)
        .with_graceful_shutdown(requested(shutdown));
    if listener.kind.begins_with_tls() {
        server = server.implicit_tls(prepared.tls.clone());
    }
    Ok(server.into_future())
}

fn options(config: &Config, kind: Kind) -> Options {
    let mut options = Options::default();
    // Containers and desktops greet with names that are no domains; the name proves nothing anyway.
    options.leniency.hello_names = true;
    options.command_timeout = config.limits.command_timeout;
    options.data_timeout = config.limits.data_timeout;
    options.min_data_rate = config.limits.data_rate;
    options.bare_line_endings = match config.smtp.bare_line_endings {
        config::BareLineEndings::Reject => BareLineEndings::Reject,
        config::BareLineEndings::Normalise => BareLineEndings::Normalise,
    };
    if kind == Kind::Mx {
        options.greeting_delay = config.smtp.greeting_delay;
    }
    options
}

fn bind(listener: &Listener) -> Result<TcpListener, BoxError> {
    let bind = || {
        let socket = match listener.address {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        // A restart must not wait for connections of before to be forgotten.
        socket.set_reuseaddr(true)?;
        socket.bind(listener.address)?;
        socket.listen(BACKLOG)
    };
    bind().map_err(|error: io::Error| {
        let remedy = match error.kind() {
            io::ErrorKind::AddrInUse => "stop what listens there, or choose another port",
            io::ErrorKind::PermissionDenied => "ports below 1024 need CAP_NET_BIND_SERVICE",
            _ => "correct the listener's address",
        };
        format!("cannot listen on {} {}: {error}; {remedy}", listener.name, listener.address).into()
    })
}

/// Becomes true with the first signal to end.
fn shutdown() -> io::Result<watch::Receiver<bool>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hangup = signal(SignalKind::hangup())?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                // Whoever sends it expects a reload, and a terminal that closes is no reason to end.
                _ = hangup.recv() => tracing::warn!(
                    "SIGHUP reads nothing again: users are read by themselves, the configuration and \
                     certificates with a restart"
                ),
            }
        }
        tracing::info!("shutting down");
        sender.send_replace(true);
        // Until nobody waits for it any more.
        sender.closed().await;
    });
    Ok(receiver)
}

async fn requested(mut shutdown: watch::Receiver<bool>) {
    // The sender goes only when the program does.
    let _ = shutdown.wait_for(|requested| *requested).await;
}
