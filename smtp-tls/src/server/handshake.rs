use std::io;
use std::sync::Arc;
use std::time::Duration;

use smtp_core::{BoxError, BoxFuture, TlsInfo, Transport, Upgrade, Upgraded, Verify};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::{ClientCertificates, ServerTls};
use crate::info;

impl Upgrade for ServerTls {
    /// Does the handshake.
    ///
    /// # Errors
    /// If the client breaks TLS, has nothing in common with the server, has no good certificate where
    /// one is required, closes the connection or takes too long.
    fn upgrade(&self, transport: Transport) -> BoxFuture<Result<Upgraded, BoxError>> {
        let (tls, limit) = (self.clone(), self.handshake_timeout);
        Box::pin(async move { timeout(limit, tls.shake(transport)).await.map_err(|_| too_slow(limit))? })
    }
}

impl ServerTls {
    async fn shake(self, transport: Transport) -> Result<Upgraded, BoxError> {
        let _place = self.shared.handshakes.acquire().await?;
        let state = self.state();
        let (config, choice) = state.config(self.client_certificates);
        let stream = TlsAcceptor::from(Arc::new(config)).accept(transport).await?;
        let connection = stream.get_ref().1;
        let mut tls = info::of_server(connection)?;
        if let Some(data) = choice.end_point() {
            info::push_binding(&mut tls, "tls-server-end-point", data);
        }
        if self.client_certificates != ClientCertificates::Off {
            let chain = connection.peer_certificates();
            info::note_peer(&mut tls, chain, |chain| state.judge.verify_client(chain));
        }
        self.check(&tls)?;
        Ok(Upgraded { transport: Transport::new(stream), tls: Arc::new(tls) })
    }

    /// A session that is resumed brings the certificate of before, which may have gone bad since.
    fn check(&self, tls: &TlsInfo) -> Result<(), BoxError> {
        if self.client_certificates == ClientCertificates::Require && tls.verify != Verify::Ok {
            let problem = tls.problem.map_or("none was sent".to_owned(), |problem| problem.to_string());
            return Err(format!("client certificate: {problem}").into());
        }
        Ok(())
    }
}

fn too_slow(limit: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("TLS handshake not finished within {limit:?}"))
}
