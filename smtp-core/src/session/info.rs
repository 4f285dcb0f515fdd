use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::Proxied;
use crate::{AddressLiteral, Host, TlsInfo};

/// Who is at the other end of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Peer {
    /// A TCP client.
    Ip(SocketAddr),
    /// A client of a Unix socket, or a stream in memory.
    Local,
}

impl Peer {
    /// The IP address, IPv4-mapped IPv6 addresses as IPv4.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(address) => Some(address.ip().to_canonical()),
            Self::Local => None,
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Local => f.write_str("local"),
        }
    }
}

/// Which of the two protocols is spoken on a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// SMTP (RFC 5321): one reply for a message.
    #[default]
    Smtp,
    /// LMTP (RFC 2033), for deliveries without a queue of their own: LHLO in the place of EHLO, and
    /// one reply for each recipient of a message.
    Lmtp,
}

/// What is known of a connection when it is accepted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// The client.
    pub peer: Peer,
    /// The address on which it arrived; `None` for Unix sockets and pipes.
    pub local: Option<SocketAddr>,
    /// The name by which the server calls itself in greetings and trace lines.
    pub server_name: Host,
    /// The name of the listener, for policies and logs: `mx`, `submission`.
    pub listener: Cow<'static, str>,
    /// The protocol that is spoken.
    pub dialect: Dialect,
    /// The facts of TLS, where the connection began with it.
    pub tls: Option<Arc<TlsInfo>>,
    /// Who forwarded the connection, if somebody did who may say so.
    pub proxied: Option<Arc<Proxied>>,
}

impl ConnectionInfo {
    /// A connection of this client to a server of this name.
    pub fn new(peer: Peer, server_name: impl Into<Host>) -> Self {
        Self {
            peer,
            local: None,
            server_name: server_name.into(),
            listener: Cow::Borrowed("smtp"),
            dialect: Dialect::Smtp,
            tls: None,
            proxied: None,
        }
    }

    /// Names the listener.
    #[must_use]
    pub fn listener(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.listener = name.into();
        self
    }

    /// Sets the protocol that is spoken.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// Sets the address on which the connection arrived.
    #[must_use]
    pub fn local(mut self, address: SocketAddr) -> Self {
        self.local = Some(address);
        self
    }

    /// Sets who forwarded the connection.
    #[must_use]
    pub fn proxied(mut self, proxied: Proxied) -> Self {
        self.proxied = Some(Arc::new(proxied));
        self
    }

    /// Sets the facts of TLS of a connection that began with it.
    #[must_use]
    pub fn tls(mut self, tls: Arc<TlsInfo>) -> Self {
        self.tls = Some(tls);
        self
    }
}

impl Default for ConnectionInfo {
    /// A local client of `[127.0.0.1]`, for tests and pipes.
    fn default() -> Self {
        Self::new(Peer::Local, AddressLiteral::V4(Ipv4Addr::LOCALHOST))
    }
}
