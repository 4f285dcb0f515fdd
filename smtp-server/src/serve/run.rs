use std::io;

use smtp_core::{BoxError, ConnectionInfo, SmtpService, Transport};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt};

use super::connection::{drive, protect, refuse};
use super::places::{Place, Places};
use super::{Listener, Serve};
use crate::Connection;

/// A connection whose client is known.
struct Arrived {
    transport: Transport,
    info: ConnectionInfo,
    place: Place,
}

impl<L, M, S> Serve<L, M>
where
    L: Listener,
    M: Service<ConnectionInfo, Response = S, Error: Into<BoxError>, Future: Send>,
    S: SmtpService,
{
    pub(super) async fn run(mut self) -> io::Result<()> {
        let shutdown = CancellationToken::new();
        let places = Places::new(self.max_connections, self.max_per_client);
        // Those of which a forwarder has still to say whose they are.
        let mut forwarded = JoinSet::new();
        let mut connections = JoinSet::new();
        let result = loop {
            let arrived = tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((transport, info)) => match places.take() {
                        Ok(place) => Arrived { transport, info, place },
                        Err(excess) => {
                            self.turn_away(transport, &info, excess, &mut connections);
                            continue;
                        }
                    },
                    Err(error) => break Err(error),
                },
                () = &mut self.signal => break Ok(()),
                Some(read) = forwarded.join_next() => match read {
                    Ok(Some(arrived)) => arrived,
                    Ok(None) | Err(_) => continue,
                },
                // Ended connections are let go of as they end.
                Some(_) = connections.join_next() => continue,
            };
            match &self.proxy {
                Some(proxy) if arrived.info.proxied.is_none() && proxy.is_from(arrived.info.peer) => {
                    forwarded.spawn(read_header(proxy.clone(), arrived, self.implicit_tls.is_none()));
                }
                _ => self.begin(arrived, &mut connections, &shutdown).await,
            }
        };
        // New clients find nobody rather than a server that does not greet them.
        drop(self.listener);
        drop(forwarded);
        shutdown.cancel();
        let drained = async { while connections.join_next().await.is_some() {} };
        if timeout(self.deadline, drained).await.is_err() {
            tracing::warn!(connections = connections.len(), "connections cut off at the shutdown deadline");
        }
        result
    }

    /// Gives the connection a service and a task.
    async fn begin(&mut self, arrived: Arrived, connections: &mut JoinSet<()>, shutdown: &CancellationToken) {
        let Arrived { transport, info, mut place } = arrived;
        if let Err(excess) = place.name(info.peer) {
            return self.turn_away(transport, &info, excess, connections);
        }
        let service = match make(&mut self.make_service, info.clone()).await {
            Ok(service) => service,
            Err(error) => {
                tracing::error!(%error, "no service for a connection");
                connections.spawn(refuse(transport, "no service"));
                return;
            }
        };
        let (options, shutdown) = ((self.options)(&info), shutdown.clone());
        match &self.implicit_tls {
            None => {
                let peer = info.peer;
                let connection = Connection::with_options(transport, info, service, options);
                connections.spawn(drive(connection, peer, shutdown, place));
            }
            Some(choose) => {
                let upgrade = choose(&info);
                connections.spawn(protect(transport, info, service, options, upgrade, shutdown, place));
            }
        }
    }

    fn turn_away(
        &self,
        transport: Transport,
        info: &ConnectionInfo,
        excess: &'static str,
        connections: &mut JoinSet<()>,
    ) {
        tracing::warn!(peer = %info.peer, excess, "connection refused");
        // In front of a handshake there are no words.
        if self.implicit_tls.is_none() {
            connections.spawn(refuse(transport, excess));
        }
    }
}

/// Hears from a forwarder whose connection it is.
async fn read_header(proxy: super::ProxyProtocol, arrived: Arrived, in_the_clear: bool) -> Option<Arrived> {
    let Arrived { transport, info, place } = arrived;
    let forwarder = info.peer;
    match proxy.read(transport, info).await {
        Ok((transport, info)) => Some(Arrived { transport, info, place }),
        Err((transport, error)) => {
            tracing::warn!(%forwarder, %error, "connection refused");
            if in_the_clear {
                refuse(transport, "no proper PROXY header").await;
            }
            None
        }
    }
}

async fn make<M, S>(make_service: &mut M, info: ConnectionInfo) -> Result<S, BoxError>
where
    M: Service<ConnectionInfo, Response = S, Error: Into<BoxError>>,
{
    let ready = make_service.ready().await.map_err(Into::into)?;
    ready.call(info).await.map_err(Into::into)
}
