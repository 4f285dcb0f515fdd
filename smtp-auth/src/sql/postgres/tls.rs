//! TLS to the database by rustls, for the driver.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::Socket;
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_rustls::TlsConnector;

use crate::trust::{TrustError, TrustedRoots};

/// TLS with a PostgreSQL server whose certificate is verified, for the driver `tokio_postgres`: what a
/// [`SqlStore`](crate::SqlStore) uses by itself, for whatever else of an application asks a database.
#[derive(Clone)]
pub struct VerifiedTls(Arc<ClientConfig>);

impl VerifiedTls {
    /// With servers that these vouch for, by the names under which they are asked.
    ///
    /// # Errors
    /// If the certificates cannot be read.
    pub fn new(roots: &TrustedRoots) -> Result<Self, TrustError> {
        roots.client_config().map(|config| Self(Arc::new(config)))
    }
}

impl MakeTlsConnect<Socket> for VerifiedTls {
    type Stream = Protected;
    type TlsConnect = Handshake;
    type Error = Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<Self::TlsConnect, Infallible> {
        Ok(Handshake { config: self.0.clone(), host: host.to_owned() })
    }
}

impl fmt::Debug for VerifiedTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerifiedTls")
    }
}

/// What it takes for the handshake with one server.
#[derive(Debug)]
pub struct Handshake {
    config: Arc<ClientConfig>,
    host: String,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Protected;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Protected>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        Box::pin(async move {
            let name = ServerName::try_from(self.host).map_err(io::Error::other)?;
            TlsConnector::from(self.config).connect(name, socket).await.map(Protected)
        })
    }
}

/// A connection within TLS.
#[derive(Debug)]
pub struct Protected(tokio_rustls::client::TlsStream<Socket>);

impl TlsStream for Protected {
    /// SCRAM goes without: the certificate is verified.
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Protected {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Protected {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
