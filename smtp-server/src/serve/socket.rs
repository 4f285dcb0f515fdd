use std::fs::{self, Permissions};
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use socket2::{Domain, Protocol, SockAddr, Type};
use tokio::net::{TcpListener, UnixListener};

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// What clients connect to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Socket {
    /// A TCP socket.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixListener),
}

impl Socket {
    /// Listens on a TCP address. `[::]` takes IPv4 too, whatever the system's default is.
    ///
    /// # Errors
    /// Those of the system: the port is taken, or needs rights.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        BindOptions::default().bind(address)
    }

    /// Listens on a Unix socket, which those may connect to whom `mode` lets write: `0o660` for the
    /// owner and the group. A socket that nobody listens on any more is replaced.
    ///
    /// # Errors
    /// Those of the system; [`io::ErrorKind::AddrInUse`] if somebody listens there, or if there is a
    /// file that is no socket.
    pub fn bind_unix(path: impl AsRef<Path>, mode: u32) -> io::Result<Self> {
        let path = path.as_ref();
        if let Ok(file) = fs::symlink_metadata(path) {
            if !file.file_type().is_socket() || UnixStream::connect(path).is_ok() {
                return Err(io::ErrorKind::AddrInUse.into());
            }
            fs::remove_file(path)?;
        }
        let socket = socket2::Socket::new(Domain::UNIX, Type::STREAM, None)?;
        socket.bind(&SockAddr::unix(path)?)?;
        // Before anybody can connect.
        fs::set_permissions(path, Permissions::from_mode(mode))?;
        socket.listen(BACKLOG)?;
        Self::from_unix(socket.into())
    }

    pub(super) fn from_tcp(socket: std::net::TcpListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        TcpListener::from_std(socket).map(Self::Tcp)
    }

    pub(super) fn from_unix(socket: std::os::unix::net::UnixListener) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        UnixListener::from_std(socket).map(Self::Unix)
    }

    /// The address that is listened on; `None` for a Unix socket.
    ///
    /// # Errors
    /// Those of the system.
    pub fn local_addr(&self) -> io::Result<Option<SocketAddr>> {
        match self {
            Self::Tcp(socket) => socket.local_addr().map(Some),
            Self::Unix(_) => Ok(None),
        }
    }
}

impl From<TcpListener> for Socket {
    fn from(socket: TcpListener) -> Self {
        Self::Tcp(socket)
    }
}

impl From<UnixListener> for Socket {
    fn from(socket: UnixListener) -> Self {
        Self::Unix(socket)
    }
}

/// How a TCP address is bound.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
/// # let _guard = runtime.enter();
/// use smtp_server::BindOptions;
///
/// let first = BindOptions::default().reuse_port().bind("127.0.0.1:0".parse()?)?;
/// let address = first.local_addr()?.ok_or("a TCP socket")?;
/// // Another process may share the port, to take over without a gap for example.
/// let second = BindOptions::default().reuse_port().bind(address)?;
/// # let _ = second;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct BindOptions {
    reuse_port: bool,
    only_v6: bool,
}

impl BindOptions {
    /// Shares the port with others that say so too (`SO_REUSEPORT`); the system gives each of them a
    /// part of the connections.
    #[must_use]
    pub fn reuse_port(mut self) -> Self {
        self.reuse_port = true;
        self
    }

    /// Leaves IPv4 to another socket on the same port.
    #[must_use]
    pub fn only_v6(mut self) -> Self {
        self.only_v6 = true;
        self
    }

    /// Listens.
    ///
    /// # Errors
    /// Those of the system: the port is taken, or needs rights.
    pub fn bind(self, address: SocketAddr) -> io::Result<Socket> {
        let socket = socket2::Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // A restart must not wait for connections of before to be forgotten.
        socket.set_reuse_address(true)?;
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if address.is_ipv6() {
            socket.set_only_v6(self.only_v6)?;
        }
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Socket::from_tcp(socket.into())
    }
}
