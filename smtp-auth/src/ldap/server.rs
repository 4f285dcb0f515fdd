use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ldap3::Ldap;
use ldap3::exop::Exop;
use rustls::pki_types::ServerName;
use smtp_core::Transport;
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use super::connection;
use super::error::DirectoryError;
use crate::trust::{TrustError, TrustedRoots};

/// RFC 4511 section 4.14.
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

/// Where a directory is, and how the way to it is protected. Cheap to clone.
#[derive(Clone)]
pub struct LdapServer(Place);

#[derive(Clone)]
enum Place {
    Unix(PathBuf),
    Tcp { host: String, port: u16, protection: Protection },
}

#[derive(Clone)]
enum Protection {
    None,
    StartTls(TlsConnector),
    Implicit(TlsConnector),
}

impl LdapServer {
    /// A directory on this computer, by its Unix socket (`ldapi:`).
    pub fn unix(socket: impl AsRef<Path>) -> Self {
        Self(Place::Unix(socket.as_ref().to_owned()))
    }

    /// A directory that speaks TLS from the start (`ldaps:`), by default on port 636. Its certificate
    /// must be for this host, and one of `roots` vouch for it.
    ///
    /// # Errors
    /// If `roots` cannot be read.
    pub fn tls(host: impl Into<String>, port: u16, roots: &TrustedRoots) -> Result<Self, TrustError> {
        Ok(Self::tcp(host, port, Protection::Implicit(connector(roots)?)))
    }

    /// A directory that speaks TLS after StartTLS (RFC 4511 section 4.14), by default on port 389.
    /// Without TLS no password is sent.
    ///
    /// # Errors
    /// As [`tls`](Self::tls).
    pub fn start_tls(host: impl Into<String>, port: u16, roots: &TrustedRoots) -> Result<Self, TrustError> {
        Ok(Self::tcp(host, port, Protection::StartTls(connector(roots)?)))
    }

    /// A directory without TLS: everybody on the way reads the passwords. For one on this computer, or
    /// behind a tunnel.
    pub fn plaintext(host: impl Into<String>, port: u16) -> Self {
        Self::tcp(host, port, Protection::None)
    }

    fn tcp(host: impl Into<String>, port: u16, protection: Protection) -> Self {
        Self(Place::Tcp { host: host.into(), port, protection })
    }

    /// Connects, and runs `work` with the connection.
    pub(super) async fn talk<T>(
        &self,
        work: impl AsyncFnOnce(&mut Ldap) -> Result<T, DirectoryError>,
    ) -> Result<T, DirectoryError> {
        let mut transport = self.connect().await.map_err(DirectoryError::Connect)?;
        if let Place::Tcp { host, protection, .. } = &self.0 {
            transport = protection.protect(transport, host).await?;
        }
        connection::talk(&mut transport, work).await
    }

    async fn connect(&self) -> io::Result<Transport> {
        Ok(match &self.0 {
            Place::Unix(path) => Transport::new(UnixStream::connect(path).await?),
            Place::Tcp { host, port, .. } => {
                Transport::new(TcpStream::connect((host.as_str(), *port)).await?)
            }
        })
    }
}

impl Protection {
    async fn protect(&self, mut transport: Transport, host: &str) -> Result<Transport, DirectoryError> {
        let connector = match self {
            Self::None => return Ok(transport),
            Self::Implicit(connector) => connector,
            Self::StartTls(connector) => {
                connection::talk(&mut transport, start_tls).await?;
                connector
            }
        };
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other);
        let stream = connector.connect(name.map_err(DirectoryError::Tls)?, transport).await;
        Ok(Transport::new(stream.map_err(DirectoryError::Tls)?))
    }
}

fn connector(roots: &TrustedRoots) -> Result<TlsConnector, TrustError> {
    Ok(TlsConnector::from(Arc::new(roots.client_config()?)))
}

async fn start_tls(ldap: &mut Ldap) -> Result<(), DirectoryError> {
    let answer = ldap.extended(Exop { name: Some(START_TLS.to_owned()), val: None }).await?;
    let refused = DirectoryError::result("StartTLS is refused");
    if answer.1.rc == 0 { Ok(()) } else { Err(refused(answer.1)) }
}

impl fmt::Display for LdapServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Unix(path) => write!(f, "ldapi:{}", path.display()),
            Place::Tcp { host, port, protection } => {
                let scheme = if matches!(protection, Protection::Implicit(_)) { "ldaps" } else { "ldap" };
                let (open, close) = if host.contains(':') { ("[", "]") } else { ("", "") };
                write!(f, "{scheme}://{open}{host}{close}:{port}")
            }
        }
    }
}

impl fmt::Debug for LdapServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LdapServer({self})")
    }
}
