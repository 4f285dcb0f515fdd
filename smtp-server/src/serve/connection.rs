//! One connection in its task, from its acceptance to its end.

use std::sync::Arc;
use std::time::Duration;

use smtp_core::{ConnectionInfo, Peer, SmtpService, Transport, Upgrade};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::places::Place;
use crate::{Connection, Options};

/// Shakes hands, and serves the connection then.
pub(super) async fn protect<S: SmtpService>(
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
pub(super) async fn drive(
    mut connection: Connection,
    peer: Peer,
    shutdown: CancellationToken,
    _place: Place,
) {
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
pub(super) async fn refuse(mut transport: Transport, reason: &'static str) {
    use tokio::io::AsyncWriteExt;
    let reply = async {
        let line = format!("421 4.3.2 {reason}, try again later\r\n");
        transport.write_all(line.as_bytes()).await?;
        transport.shutdown().await
    };
    // A client that is gone needs no reply.
    let _ = timeout(Duration::from_secs(1), reply).await;
}
