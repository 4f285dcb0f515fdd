use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ldap3::Ldap;
use ldap3::exop::Exop;
use smtp_core::{Transport, Upgrade};
use tokio::net::{TcpStream, UnixStream};

use super::connection;
use super::error::DirectoryError;

/// RFC 4511 section 4.14.
const START_TLS: &str = "1.3.6.1.4.1.1466.20037";

/// Where a directory is, and how the way to it is protected. Cheap to clone.
#[derive(Clone)]
pub struct LdapServer {
    place: Place,
    protection: Protection,
}

#[derive(Clone)]
enum Place {
    Tcp(String, u16),
    Unix(PathBuf),
}

#[derive(Clone)]
enum Protection {
    None,
    StartTls(Arc<dyn Upgrade>),
    Implicit(Arc<dyn Upgrade>),
}

impl LdapServer {
    /// A directory on this computer, by its Unix socket (`ldapi:`).
    pub fn unix(socket: impl AsRef<Path>) -> Self {
        Self { place: Place::Unix(socket.as_ref().to_owned()), protection: Protection::None }
    }

    /// A directory that speaks TLS from the start (`ldaps:`), by default on port 636. `tls` makes the
    /// handshake, and verifies that the certificate is that of the host.
    pub fn tls(host: impl Into<String>, port: u16, tls: impl Upgrade) -> Self {
        Self { place: Place::Tcp(host.into(), port), protection: Protection::Implicit(Arc::new(tls)) }
    }

    /// A directory that speaks TLS after StartTLS (RFC 4511 section 4.14), by default on port 389.
    /// Without TLS no password is sent.
    pub fn start_tls(host: impl Into<String>, port: u16, tls: impl Upgrade) -> Self {
        Self { place: Place::Tcp(host.into(), port), protection: Protection::StartTls(Arc::new(tls)) }
    }

    /// A directory without TLS: everybody on the way reads the passwords. For one on this computer, or
    /// behind a tunnel.
    pub fn plaintext(host: impl Into<String>, port: u16) -> Self {
        Self { place: Place::Tcp(host.into(), port), protection: Protection::None }
    }

    /// Connects, and runs `work` with the connection.
    pub(super) async fn talk<T>(
        &self,
        work: impl AsyncFnOnce(&mut Ldap) -> Result<T, DirectoryError>,
    ) -> Result<T, DirectoryError> {
        let mut transport = self.place.connect().await.map_err(DirectoryError::Connect)?;
        match &self.protection {
            Protection::None => {}
            Protection::StartTls(tls) => {
                connection::talk(&mut transport, start_tls).await?;
                transport = protect(transport, tls).await?;
            }
            Protection::Implicit(tls) => transport = protect(transport, tls).await?,
        }
        connection::talk(&mut transport, work).await
    }
}

impl Place {
    async fn connect(&self) -> std::io::Result<Transport> {
        Ok(match self {
            Self::Tcp(host, port) => Transport::new(TcpStream::connect((&**host, *port)).await?),
            Self::Unix(path) => Transport::new(UnixStream::connect(path).await?),
        })
    }
}

async fn start_tls(ldap: &mut Ldap) -> Result<(), DirectoryError> {
    let answer = ldap.extended(Exop { name: Some(START_TLS.to_owned()), val: None }).await?;
    let refused = DirectoryError::result("StartTLS is refused");
    if answer.1.rc == 0 { Ok(()) } else { Err(refused(answer.1)) }
}

async fn protect(transport: Transport, tls: &Arc<dyn Upgrade>) -> Result<Transport, DirectoryError> {
    Ok(tls.upgrade(transport).await.map_err(DirectoryError::Tls)?.transport)
}

impl fmt::Display for LdapServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.protection {
            Protection::Implicit(_) => "ldaps",
            _ => "ldap",
        };
        match &self.place {
            Place::Unix(path) => write!(f, "ldapi:{}", path.display()),
            Place::Tcp(host, port) if host.contains(':') => write!(f, "{scheme}://[{host}]:{port}"),
            Place::Tcp(host, port) => write!(f, "{scheme}://{host}:{port}"),
        }
    }
}

impl fmt::Debug for LdapServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LdapServer({self})")
    }
}
