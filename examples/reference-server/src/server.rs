//! The listeners, from binding to the last connection.

use std::future::{Future, IntoFuture as _};
use std::io;
use std::time::Duration;

use smtp_server::codec::BareLineEndings;
use smtp_server::delivery::queue::StoreError;
use smtp_server::policy::AliasDirectory;
use smtp_server::policy::access_map::Remote;
use smtp_server::{
    BoxError, ConnectionInfo, Connections, Options, ProxyProtocol, ServerInfo, Shared, Socket, serve,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::timeout;

use crate::bootstrap::{self, Prepared};
use crate::config::{Config, Forwarder, Kind, Listener};
use crate::delivery::{self, Deliveries};
use crate::operator::Desk;
use crate::residents::Residents;
use crate::tls::{ListenerTls, Reloadable};
use crate::{config, directory, sockets, stack, sweep, tls};

/// Serves until SIGTERM or SIGINT, and then until the last connection has ended.
pub(crate) async fn run(config: Config) -> Result<(), BoxError> {
    // All or none: whoever reads the first line may rely on the others.
    let sockets = sockets::bind(&config.listeners)?;
    // A password that is shown once must not be lost in a start that fails for a port.
    let prepared = bootstrap::prepare(&config)?;
    let reloadable = Reloadable { server: prepared.tls.clone(), relay: prepared.relay_tls.clone() };
    let follower = tokio::spawn(reloadable.clone().follow_files());
    let shutdown = shutdown(reloadable)?;
    let renewal = tls::acme(&config).map(|acme| tokio::spawn(acme.keep_renewed(prepared.tls.clone())));
    let directory = directory::open(&config, &prepared).await?;
    let mut deliveries = delivery::deliveries(&config, &prepared, &directory).await?;
    let (end_queue, queue_ends) = oneshot::channel::<()>();
    let mut worker = deliveries.worker.take().map(|worker| {
        tokio::spawn(worker.run_until(async {
            // Without a word is a word, too.
            let _ = queue_ends.await;
        }))
    });
    let operators = match &deliveries.queue {
        Some(queue) => Some(tokio::spawn(Desk::open(&config.data_dir)?.serve(queue.clone()))),
        None => None,
    };
    let pool = deliveries.pool.clone();
    let maintained = pool.clone();
    let maintenance = tokio::spawn(async move { maintained.maintain().await });
    let mut servers = JoinSet::new();
    for (listener, socket) in config.listeners.iter().zip(sockets) {
        match socket.local_addr()? {
            Some(address) => println!("listening on {} {address}", listener.name),
            None => println!("listening on {} {}", listener.name, listener.address),
        }
        servers.spawn(server(
            &config,
            &prepared,
            (&directory, &deliveries),
            listener,
            socket,
            shutdown.clone(),
        )?);
    }
    let sweeper = tokio::spawn(sweep::daily(config.mailboxes.clone()));
    match &mut worker {
        None => all(&mut servers).await?,
        Some(worker) => tokio::select! {
            ended = all(&mut servers) => ended?,
            // Mail must not be taken that nobody delivers.
            ended = worker => return Err(given_up(ended)),
        },
    }
    sweeper.abort();
    maintenance.abort();
    follower.abort();
    if let Some(renewal) = renewal {
        renewal.abort();
    }
    tracing::info!("all connections have ended");
    if let Some(operators) = operators {
        operators.abort();
    }
    drop(end_queue);
    if let Some(worker) = worker {
        finish(worker, config.limits.shutdown_timeout).await?;
    }
    pool.clear().await;
    if let Some(leave) = deliveries.leave {
        leave.await;
    }
    Ok(())
}

/// Waits until no listener is left.
async fn all(servers: &mut JoinSet<io::Result<()>>) -> Result<(), BoxError> {
    while let Some(ended) = servers.join_next().await {
        ended??;
    }
    Ok(())
}

/// Why a queue has no worker any more that was not told to end.
fn given_up(ended: Result<Result<(), StoreError>, JoinError>) -> BoxError {
    let why = match ended {
        Ok(Ok(())) => return "nobody works on the queue any more".into(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    format!("nobody works on the queue any more: {why}").into()
}

/// Lets deliveries end, for a while; what is left is tried again after the next start.
async fn finish(mut worker: JoinHandle<Result<(), StoreError>>, limit: Duration) -> Result<(), BoxError> {
    match timeout(limit, &mut worker).await {
        Ok(ended) => Ok(ended??),
        Err(_) => {
            tracing::warn!("deliveries have not ended in time, and are broken off");
            worker.abort();
            Ok(())
        }
    }
}

fn server(
    config: &Config,
    prepared: &Prepared,
    (directory, deliveries): (&AliasDirectory<Residents>, &Deliveries),
    listener: &Listener,
    socket: Socket,
    shutdown: watch::Receiver<bool>,
) -> Result<impl Future<Output = io::Result<()>> + Send + use<>, BoxError> {
    let stack = Shared::new(stack::session(config, prepared, listener, directory, deliveries)?);
    let info = ServerInfo::new(config.hostname.clone()).listener(listener.name.clone());
    let info = if listener.kind == Kind::Lmtp { info.lmtp() } else { info };
    let mut server = serve(Connections::new(socket, info), stack)
        .options_by(options_by_client(config, listener.kind))
        .max_connections(config.limits.connections)
        .max_connections_per_client(config.limits.connections_per_client)
        .shutdown_deadline(config.limits.shutdown_timeout)
        .with_graceful_shutdown(requested(shutdown));
    if listener.kind.begins_with_tls() {
        let tls = ListenerTls::of(listener, config, prepared);
        server = server.implicit_tls_by(move |info| tls.for_client(info.peer.ip()));
    }
    if let Some(forwarders) = forwarders(listener) {
        server = server.proxy_protocol(forwarders);
    }
    Ok(server.into_future())
}

fn forwarders(listener: &Listener) -> Option<ProxyProtocol> {
    if listener.proxy_from.is_empty() {
        return None;
    }
    let networks = listener.proxy_from.iter().filter_map(|forwarder| match forwarder {
        Forwarder::Network(network) => Some(*network),
        Forwarder::Local => None,
    });
    let forwarders = ProxyProtocol::from_networks(networks);
    let local = listener.proxy_from.contains(&Forwarder::Local);
    Some(if local { forwarders.and_local() } else { forwarders })
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

/// The same, but for how long a client waits for the greeting: `GreetPause:` of the access map says so too.
fn options_by_client(
    config: &Config,
    kind: Kind,
) -> impl Fn(&ConnectionInfo) -> Options + Send + Sync + use<> {
    let (options, access) = (options(config, kind), config.access.clone().filter(|_| kind == Kind::Mx));
    move |info| {
        let mut options = options.clone();
        let client = Remote::new(None, info.peer.ip());
        if let Some(pause) = access.as_ref().and_then(|map| map.last_rules().greet_pause(&client)) {
            options.greeting_delay = Duration::from_millis(pause.into());
        }
        options
    }
}

/// Becomes true with the first signal to end.
fn shutdown(reloadable: Reloadable) -> io::Result<watch::Receiver<bool>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let mut hangup = signal(SignalKind::hangup())?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                // A terminal that closes is no reason to end.
                _ = hangup.recv() => reloadable.reload().await,
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
