use std::net::IpAddr;

use smtp_core::client::Destination;
use smtp_core::{Domain, Host, Session};

use crate::client_name::ClientName;

/// A client or a next hop, as entries mean it: by its name and by its address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remote {
    name: Option<Box<str>>,
    ip: Option<IpAddr>,
}

impl Remote {
    /// A host of this name and address, as far as they are known.
    pub fn new(name: Option<&Host>, ip: Option<IpAddr>) -> Self {
        let name = name.map(|name| super::search::host(name).into());
        Self { name, ip: ip.map(|ip| ip.to_canonical()) }
    }

    /// The client of a session.
    pub fn client(session: &Session) -> Self {
        let name = session.connection().get::<ClientName>();
        let name = name.map(|ClientName(domain)| domain.to_ascii().to_ascii_lowercase().into());
        Self { name, ip: session.peer_ip() }
    }

    /// A next hop, by its name and its address as far as they are known.
    pub fn server(destination: &Destination) -> Self {
        let ip = destination.address.or_else(|| destination.host.parse().ok());
        let name = Domain::from_utf8(&destination.host).ok().map(Host::Domain);
        Self::new(name.filter(|_| destination.host.parse::<IpAddr>().is_err()).as_ref(), ip)
    }

    /// The name, or what stands for it where there is none.
    pub(super) fn name(&self) -> String {
        match (&self.name, self.ip) {
            (Some(name), _) => name.to_string(),
            (None, Some(ip)) => super::search::literal(ip),
            (None, None) => String::new(),
        }
    }

    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.ip
    }
}
