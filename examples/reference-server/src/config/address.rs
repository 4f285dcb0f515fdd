use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Where clients are awaited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Address {
    /// A TCP port.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
    /// A socket that systemd has opened, by its `FileDescriptorName=`.
    Systemd(String),
}

impl Address {
    /// Reads `192.0.2.1:25`, `unix:/run/smtpd.sock` or `systemd:smtp`; paths begin at `folder`.
    pub(super) fn parse(text: &str, folder: &Path) -> Option<Self> {
        if let Some(path) = text.strip_prefix("unix:") {
            return (!path.is_empty()).then(|| Self::Unix(folder.join(path)));
        }
        if let Some(name) = text.strip_prefix("systemd:") {
            return (!name.is_empty()).then(|| Self::Systemd(name.to_owned()));
        }
        text.parse().ok().map(Self::Tcp)
    }

    pub(crate) fn tcp(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(address) => Some(*address),
            _ => None,
        }
    }

    /// Whether both cannot be had at once. Port 0 is another one each time.
    pub(super) fn clashes(&self, other: &Self) -> bool {
        self == other && self.tcp().is_none_or(|address| address.port() != 0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Systemd(name) => write!(f, "systemd:{name}"),
        }
    }
}
