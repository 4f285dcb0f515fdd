//! The server's side of TLS.

mod handshake;
mod info;
#[cfg(test)]
mod tests;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::version::{TLS12, TLS13};
use rustls::{Error, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::TlsError;
use crate::certificate::{self, OneCertificate, Pem};

/// How long a handshake may take unless the application says otherwise.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

/// A certificate with its key, ready to answer handshakes. Cheap to clone.
///
/// It speaks TLS 1.2 and 1.3, resumes sessions by tickets whose keys change every few hours, takes
/// no early data, and asks for no client certificate.
///
/// As an [`Upgrade`](smtp_core::Upgrade) it serves STARTTLS, by [`StartTlsLayer`], and listeners
/// on which TLS begins with the connection.
///
/// [`StartTlsLayer`]: crate::StartTlsLayer
#[derive(Clone)]
pub struct ServerTls {
    acceptor: TlsAcceptor,
    end_point: Option<Bytes>,
    handshake_timeout: Duration,
}

impl ServerTls {
    /// Reads PEM files: the certificate followed by those that lead to its root, and the private
    /// key. One file may hold both. Blocks while it reads.
    ///
    /// A certificate that is out of date or of X.509 version 1 is taken, with a warning in the log.
    ///
    /// # Errors
    /// If a file cannot be read, has not in it what it should, or if the key belongs to another
    /// certificate. The error names the file.
    pub fn from_pem_files(certificate: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, TlsError> {
        Self::new(&Pem::from_file(certificate.as_ref())?, &Pem::from_file(key.as_ref())?)
    }

    /// As [`from_pem_files`](Self::from_pem_files), from memory.
    ///
    /// # Errors
    /// If the PEM has not in it what it should, or if the key belongs to another certificate.
    pub fn from_pem(certificate: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        Self::new(&Pem::new("certificate", certificate), &Pem::new("key", key))
    }

    /// Gives handshakes this much time instead of 30 seconds.
    #[must_use]
    pub fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.handshake_timeout = limit;
        self
    }

    fn new(certificate: &Pem, key: &Pem) -> Result<Self, TlsError> {
        // Named here: the process may have another default, or two and so none.
        let provider = Arc::new(aws_lc_rs::default_provider());
        let certificate = certificate::load(certificate, key, &provider)?;
        let end_point = certificate.cert.first().and_then(|own| certificate::end_point::of(own));
        let config = config(provider, OneCertificate::new(certificate)).map_err(TlsError::library)?;
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Ok(Self { acceptor, end_point, handshake_timeout: HANDSHAKE_TIMEOUT })
    }
}

fn config(provider: Arc<CryptoProvider>, certificate: OneCertificate) -> Result<ServerConfig, Error> {
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(certificate));
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    Ok(config)
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls")
            .field("handshake_timeout", &self.handshake_timeout)
            .finish_non_exhaustive()
    }
}
