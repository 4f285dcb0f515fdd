use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, Error};
use smtp_core::{BoxError, BoxFuture, CertificateProblem, Transport, Upgrade, Upgraded, Verify};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::HandshakeError;
use super::reference::Reference;
use crate::authority::problem;
use crate::info;

/// The handshake with one server.
pub(super) struct ClientHandshake {
    pub(super) config: Arc<ClientConfig>,
    /// What it is asked for (SNI).
    pub(super) name: ServerName<'static>,
    pub(super) reference: Reference,
    /// Whether its certificate has to stand up to the reference.
    pub(super) strict: bool,
    pub(super) timeout: Duration,
}

impl Upgrade for ClientHandshake {
    /// Does the handshake.
    ///
    /// # Errors
    /// A [`HandshakeError`].
    fn upgrade(&self, transport: Transport) -> BoxFuture<Result<Upgraded, BoxError>> {
        let connecting = TlsConnector::from(Arc::clone(&self.config)).connect(self.name.clone(), transport);
        let (reference, strict, limit) = (self.reference.clone(), self.strict, self.timeout);
        let name = self.name.to_str().into_owned();
        Box::pin(async move {
            let too_slow = |_| HandshakeError::new(format!("TLS handshake not finished within {limit:?}"));
            let stream = timeout(limit, connecting).await.map_err(too_slow)?.map_err(of_library)?;
            let connection = stream.get_ref().1;
            let mut tls = info::of_client(connection).map_err(HandshakeError::new)?;
            tls.server_name = Some(name);
            info::note_peer(&mut tls, connection.peer_certificates(), |chain| reference.verify(chain));
            // A session that is resumed brings the certificate of before, which was taken then for
            // another destination perhaps.
            if strict && tls.verify != Verify::Ok {
                let problem = tls.problem.unwrap_or(CertificateProblem::Malformed);
                return Err(HandshakeError::certificate(problem, "of a resumed session").into());
            }
            Ok(Upgraded { transport: Transport::new(stream), tls: Arc::new(tls) })
        })
    }
}

fn of_library(error: io::Error) -> HandshakeError {
    let blamed = error.get_ref().and_then(|cause| cause.downcast_ref::<Error>());
    match blamed {
        Some(cause @ Error::InvalidCertificate(_)) => HandshakeError::certificate(problem(cause), error),
        _ => HandshakeError::new(error),
    }
}
