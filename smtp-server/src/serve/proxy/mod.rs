//! The PROXY protocol, versions 1 and 2: a forwarder says whose connection it brings.

mod header;
mod rewound;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use smtp_core::{BoxError, ConnectionInfo, Peer, Proxied, Transport};

/// From whom the PROXY protocol is taken; see [`Serve::proxy_protocol`](super::Serve::proxy_protocol).
///
/// A forwarder that is named here must begin each connection with a header, of version 1 or 2. What
/// it says is believed: the client's address counts for policies and limits as if the client had come
/// by itself. Whoever is not named is an ordinary client, and a header from there is no command.
///
/// ```
/// use smtp_server::ProxyProtocol;
///
/// let forwarders = ProxyProtocol::from_networks(["192.0.2.10/32".parse()?, "127.0.0.1/32".parse()?]);
/// # let _ = forwarders;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct ProxyProtocol {
    networks: Vec<IpNet>,
    local: bool,
    timeout: Duration,
}

impl ProxyProtocol {
    /// Takes it from addresses in these networks.
    pub fn from_networks(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self { networks: networks.into_iter().collect(), local: false, timeout: Duration::from_secs(5) }
    }

    /// Takes it from all clients of a Unix socket, too.
    #[must_use]
    pub fn and_local(mut self) -> Self {
        self.local = true;
        self
    }

    /// Waits so long for the header instead of 5 seconds.
    #[must_use]
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// Whether this peer is a forwarder.
    pub(super) fn is_from(&self, peer: Peer) -> bool {
        let within = |address: IpAddr| self.networks.iter().any(|network| network.contains(&address));
        peer.ip().map_or(self.local, within)
    }

    /// Reads the header, and gives the connection as it is told.
    pub(super) async fn read(
        &self,
        transport: Transport,
        info: ConnectionInfo,
    ) -> Result<(Transport, ConnectionInfo), (Transport, BoxError)> {
        let (transport, read) = header::read(transport, self.timeout).await;
        let told = match read {
            Ok(told) => told,
            Err(error) => return Err((transport, error)),
        };
        let mut proxied = Proxied::new(info.peer);
        proxied.tls = told.tls;
        let mut info = info.proxied(proxied);
        // A health check of the forwarder's own has no addresses.
        if let Some((source, destination)) = told.addresses {
            (info.peer, info.local) = (Peer::Ip(source), Some(destination));
        }
        Ok((transport, info))
    }
}
