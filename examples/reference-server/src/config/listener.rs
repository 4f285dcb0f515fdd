use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use smtp_server::policy::IpNet;

use super::file::ListenerTable;
use super::{Address, Asked};

/// For the owner and the group.
const DEFAULT_MODE: u32 = 0o660;

/// An address on which clients are awaited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) name: String,
    pub(crate) address: Address,
    pub(crate) kind: Kind,
    /// Who may connect to a Unix socket, as the mode of its file.
    pub(crate) mode: u32,
    /// Whether clients are asked for a certificate; `None` for what `[tls]` says.
    pub(crate) client_certificates: Option<Asked>,
    /// From whom the PROXY protocol is taken.
    pub(crate) proxy_from: Vec<Forwarder>,
    /// Whether others may listen on the same port.
    pub(crate) share_port: bool,
}

/// Who says whose connections it brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Forwarder {
    Network(IpNet),
    /// All clients of a Unix socket.
    Local,
}

impl Listener {
    /// One that has no more than it needs.
    pub(super) fn new(name: String, address: Address, kind: Kind) -> Self {
        let (client_certificates, proxy_from, share_port) = (None, Vec::new(), false);
        Self { name, address, kind, mode: DEFAULT_MODE, client_certificates, proxy_from, share_port }
    }

    pub(super) fn is_called_as(&self, other: &Self) -> bool {
        self.name == other.name
    }

    pub(super) fn is_where(&self, other: &Self) -> bool {
        self.address.clashes(&other.address)
    }
}

/// The names that are taken, so that each listener without one gets one of its own.
#[derive(Debug)]
pub(super) struct Names(HashSet<String>);

impl Names {
    /// Names that somebody chose are taken wherever they stand in the file.
    pub(super) fn new(tables: &[ListenerTable]) -> Self {
        let chosen = tables.iter().filter_map(|table| table.name.as_ref());
        Self(chosen.map(|name| name.get_ref().clone()).collect())
    }

    /// The kind, or the kind and the first number that is free.
    pub(super) fn of(&mut self, kind: Kind) -> String {
        let mut name = kind.to_string();
        let mut number = 1;
        while !self.0.insert(name.clone()) {
            number += 1;
            name = format!("{kind}-{number}");
        }
        name
    }
}

/// Whom a listener is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Other servers (port 25): STARTTLS and AUTH are offered, neither is required.
    Mx,
    /// Users (port 587): nothing is taken before STARTTLS and AUTH.
    Submission,
    /// Users (port 465): TLS begins with the connection, AUTH is required.
    Submissions,
    /// A mail server that hands its mail over for delivery here, by LMTP; otherwise like `Mx`.
    Lmtp,
}

impl Kind {
    /// Whether clients must say who they are before they send mail, and by TLS.
    pub(crate) fn is_for_users(self) -> bool {
        matches!(self, Self::Submission | Self::Submissions)
    }

    pub(crate) fn begins_with_tls(self) -> bool {
        self == Self::Submissions
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mx => "mx",
            Self::Submission => "submission",
            Self::Submissions => "submissions",
            Self::Lmtp => "lmtp",
        })
    }
}
