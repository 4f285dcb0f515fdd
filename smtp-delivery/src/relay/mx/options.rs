use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use smtp_core::Domain;

use super::MxLookup;

/// How the servers of domains are found and tried. Cheap to clone.
#[derive(Clone)]
pub struct Mx {
    pub(super) lookup: Arc<dyn MxLookup>,
    pub(super) port: u16,
    pub(super) own: Own,
    pub(super) max_hosts: usize,
    pub(super) max_addresses: usize,
    pub(super) patience: Duration,
}

/// How this server is called, and where it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Own {
    pub(super) names: Vec<Domain>,
    pub(super) addresses: Vec<IpAddr>,
    /// Loopback is somewhere else.
    pub(super) not_loopback: bool,
}

impl Mx {
    /// Looked up here.
    pub fn new(lookup: impl MxLookup) -> Self {
        Self {
            lookup: Arc::new(lookup),
            port: 25,
            own: Own::default(),
            max_hosts: 10,
            max_addresses: 20,
            patience: Duration::from_mins(10),
        }
    }

    /// The port of the servers, rather than 25.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// A name of this server, beside the one by which it calls itself in EHLO. Where MX records name it,
    /// worse ones would send the message in circles.
    #[must_use]
    pub fn own_name(mut self, name: Domain) -> Self {
        self.own.names.push(name);
        self
    }

    /// An address of this server, beside the one to which the client connected.
    #[must_use]
    pub fn own_address(mut self, address: IpAddr) -> Self {
        self.own.addresses.push(address.to_canonical());
        self
    }

    /// Sends mail to servers on loopback. Otherwise these addresses are our own: a domain that leads
    /// there is a trap.
    #[must_use]
    pub fn allow_loopback(mut self) -> Self {
        self.own.not_loopback = true;
        self
    }

    /// How many of a domain's servers count, the best ones: 10 unless told otherwise.
    #[must_use]
    pub fn max_hosts(mut self, hosts: usize) -> Self {
        self.max_hosts = hosts.max(1);
        self
    }

    /// How many addresses of them are tried in all: 20 unless told otherwise.
    #[must_use]
    pub fn max_addresses(mut self, addresses: usize) -> Self {
        self.max_addresses = addresses.max(1);
        self
    }

    /// How long to look for a server: after 10 minutes, unless told otherwise, no other one is tried.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

impl Own {
    pub(super) fn is_name(&self, host: &str) -> bool {
        self.names.iter().any(|name| name.to_ascii().eq_ignore_ascii_case(host))
    }

    pub(super) fn is_address(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.addresses.contains(&address) || (address.is_loopback() && !self.not_loopback)
    }
}

impl fmt::Debug for Mx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mx").field("port", &self.port).field("own", &self.own).finish_non_exhaustive()
    }
}
