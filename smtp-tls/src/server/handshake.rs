use std::io;
use std::sync::Arc;
use std::time::Duration;

use smtp_core::{BoxError, BoxFuture, Transport, Upgrade, Upgraded};
use tokio::time::timeout;

use super::{ServerTls, info};

impl Upgrade for ServerTls {
    /// Does the handshake.
    ///
    /// # Errors
    /// If the client breaks TLS, has nothing in common with the server, closes the connection or
    /// takes too long.
    fn upgrade(&self, transport: Transport) -> BoxFuture<Result<Upgraded, BoxError>> {
        let handshake = self.acceptor.accept(transport);
        let (limit, end_point) = (self.handshake_timeout, self.end_point.clone());
        Box::pin(async move {
            let stream = timeout(limit, handshake).await.map_err(|_| too_slow(limit))??;
            let tls = Arc::new(info::of(stream.get_ref().1, end_point)?);
            Ok(Upgraded { transport: Transport::new(stream), tls })
        })
    }
}

fn too_slow(limit: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("TLS handshake not finished within {limit:?}"))
}
