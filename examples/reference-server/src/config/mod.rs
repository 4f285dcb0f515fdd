//! The configuration: one TOML file, checked as a whole before anything is started.

mod abuse;
mod access;
mod address;
mod check;
mod concealed;
mod defaults;
mod directory;
mod dns;
mod duration;
mod file;
mod listener;
mod login;
mod mailboxes;
mod problem;
mod programs;
mod queue;
#[cfg(test)]
mod readme;
mod size;
mod source;
mod stores;
#[cfg(test)]
mod tests;
mod tls;
mod warnings;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use smtp_server::auth::Mechanism;
use smtp_server::policy::{AccessMap, AliasFile, IpNet, TrustedDomains};
use smtp_server::{BoxError, Domain};

use crate::programs::Programs;

pub(crate) use abuse::{Abuse, Treatment};
pub(crate) use address::Address;
#[cfg(feature = "postgres")]
pub(crate) use directory::PostgresDirectory;
pub(crate) use directory::{Directory, DirectoryDatabase};
pub(crate) use file::{BareLineEndings, Checks, LogFormat, LogLevel, Outbound, Senders};
pub(crate) use listener::{Forwarder, Kind, Listener};
pub(crate) use login::Login;
pub(crate) use queue::{Place, Queue};
pub(crate) use source::ConfigError;
pub(crate) use stores::Store;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use stores::{Database, SqlStore};
#[cfg(feature = "http")]
pub(crate) use stores::{HttpStore, Web};
#[cfg(feature = "ldap")]
pub(crate) use stores::{LdapPlace, LdapStore, LdapWay};
#[cfg(feature = "oauth")]
pub(crate) use stores::{OauthStore, Tokens};
pub(crate) use tls::{Asked, Demanded, RelayTls, Tls, TlsFiles, authorities};

/// All that the server is told, checked.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) hostname: Domain,
    pub(crate) data_dir: PathBuf,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) tls: Tls,
    /// The file of the users.
    pub(crate) users: PathBuf,
    /// Never empty; in the order in which they are asked.
    pub(crate) stores: Vec<Store>,
    pub(crate) mechanisms: Vec<Mechanism>,
    /// Whether a client certificate with a user's name is that user's.
    pub(crate) certificates: bool,
    /// As whom those who logged in may send.
    pub(crate) senders: Senders,
    /// Never empty.
    pub(crate) local_domains: Vec<Domain>,
    pub(crate) mailboxes: PathBuf,
    /// Of each mailbox, in octets.
    pub(crate) quota: Option<u64>,
    /// Users and aliases in a database.
    pub(crate) directory: Option<Directory>,
    /// Those of the file.
    pub(crate) aliases: Option<AliasFile>,
    /// Which members of aliases may be programs.
    pub(crate) programs: Option<Programs>,
    pub(crate) access: Option<AccessMap>,
    /// Whose clients may use VRFY and EXPN.
    pub(crate) trusted_domains: Option<TrustedDomains>,
    /// Whether the DNS is asked what clients are called.
    pub(crate) client_names: bool,
    /// When the access map is asked.
    pub(crate) checks: Checks,
    pub(crate) next_hop: Option<(String, u16)>,
    /// Where mail for other domains goes without one.
    pub(crate) outbound: Outbound,
    /// Without one, whoever sends waits until the message is delivered.
    pub(crate) queue: Option<Queue>,
    pub(crate) relay_tls: RelayTls,
    /// What to log in with at the next hop.
    pub(crate) login: Option<Login>,
    pub(crate) trusted_networks: Vec<IpNet>,
    /// Those of the system, if there are none.
    pub(crate) name_servers: Vec<SocketAddr>,
    pub(crate) smtp: Smtp,
    pub(crate) limits: Limits,
    pub(crate) abuse: Abuse,
    pub(crate) log: Log,
}

/// How the protocol is spoken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Smtp {
    pub(crate) bare_line_endings: BareLineEndings,
    /// On listeners for other servers.
    pub(crate) greeting_delay: Duration,
    pub(crate) utf8: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limits {
    /// In octets.
    pub(crate) message_size: u64,
    /// In octets, CRLF included.
    pub(crate) line_length: Option<usize>,
    /// In octets a second; zero for none.
    pub(crate) data_rate: u32,
    /// Of one session, as the two that follow.
    pub(crate) commands: u32,
    pub(crate) errors: u32,
    /// The longest.
    pub(crate) error_delay: Duration,
    pub(crate) messages: u32,
    /// Of one message.
    pub(crate) recipients: usize,
    /// Open at once, on each listener.
    pub(crate) connections: usize,
    pub(crate) connections_per_client: usize,
    pub(crate) command_timeout: Duration,
    pub(crate) data_timeout: Duration,
    pub(crate) shutdown_timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Log {
    pub(crate) level: LogLevel,
    pub(crate) format: LogFormat,
}

/// Says of an error which place of the configuration it comes from.
pub(crate) fn about<E: Into<BoxError>>(place: &str) -> impl FnOnce(E) -> BoxError {
    move |error| format!("{place}: {}; correct what it names, or the line", error.into()).into()
}

impl Config {
    /// Whether mail for other domains goes to the servers that the DNS names.
    pub(crate) fn goes_by_mx(&self) -> bool {
        self.next_hop.is_none() && self.outbound == Outbound::Mx
    }

    /// Reads and checks the file; without one, everything is as it is by default. `data_dir` takes
    /// the place of what the file says.
    pub(crate) fn load(file: Option<&Path>, data_dir: Option<&Path>) -> Result<Self, ConfigError> {
        let Some(path) = file else {
            let mut config = source::check("(no file)", "", Path::new(""), data_dir)?;
            let domain = defaults::domain_of_a_bare_start();
            let missing = domain.filter(|domain| !config.local_domains.contains(domain));
            config.local_domains.extend(missing);
            return Ok(config);
        };
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError::read(path, &error))?;
        let folder = path.parent().unwrap_or(Path::new(""));
        source::check(&path.display().to_string(), &text, folder, data_dir)
    }
}
