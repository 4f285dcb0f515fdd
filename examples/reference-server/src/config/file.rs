//! The file as it is written. What is in it means something only after the check.

use std::path::PathBuf;

use serde::Deserialize;
use toml::Spanned;

use super::abuse::AbuseTable;
use super::directory::DirectoryTable;
use super::dns::DnsTable;
use super::login::LoginTable;
use super::queue::QueueTable;
use super::stores::tables::{
    DovecotTable, HttpTable, LdapTable, OauthTable, PamTable, SaslauthdTable, SqlTable,
};
use super::tls::{RelayTlsTable, TlsTable};

type Text = Option<Spanned<String>>;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) hostname: Text,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) listener: Option<Spanned<Vec<ListenerTable>>>,
    pub(super) tls: Option<Spanned<TlsTable>>,
    #[serde(default)]
    pub(super) auth: Auth,
    #[serde(default)]
    pub(super) abuse: AbuseTable,
    #[serde(default)]
    pub(super) access: Access,
    #[serde(default)]
    pub(super) local: Local,
    pub(super) directory: Option<Spanned<DirectoryTable>>,
    #[serde(default)]
    pub(super) relay: Relay,
    #[serde(default)]
    pub(super) queue: QueueTable,
    #[serde(default)]
    pub(super) dns: DnsTable,
    #[serde(default)]
    pub(super) smtp: Smtp,
    #[serde(default)]
    pub(super) limits: Limits,
    #[serde(default)]
    pub(super) log: Log,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListenerTable {
    pub(super) name: Text,
    pub(super) address: Spanned<String>,
    pub(super) kind: super::Kind,
    pub(super) mode: Text,
    pub(super) client_certificates: Option<super::Asked>,
    #[serde(default)]
    pub(super) proxy_from: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) share_port: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Auth {
    pub(super) users: Option<PathBuf>,
    pub(super) stores: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) pam: Option<Spanned<PamTable>>,
    pub(super) saslauthd: Option<Spanned<SaslauthdTable>>,
    pub(super) dovecot: Option<Spanned<DovecotTable>>,
    pub(super) ldap: Option<Spanned<LdapTable>>,
    pub(super) sql: Option<Spanned<SqlTable>>,
    pub(super) http: Option<Spanned<HttpTable>>,
    pub(super) oauth: Option<Spanned<OauthTable>>,
    pub(super) mechanisms: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default)]
    pub(super) certificates: bool,
    #[serde(default)]
    pub(super) senders: Senders,
}

/// As whom those who logged in may send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Senders {
    /// With their own addresses, and those that lead to them.
    #[default]
    Own,
    /// As anybody.
    Any,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Local {
    pub(super) domains: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) mailboxes: Option<PathBuf>,
    pub(super) aliases: Option<Spanned<PathBuf>>,
    pub(super) quota: Text,
    #[serde(default)]
    pub(super) programs: Vec<Spanned<PathBuf>>,
    pub(super) programs_as: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Access {
    pub(super) map: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(super) client_names: bool,
    pub(super) trusted_domains: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(super) checks: Checks,
}

/// When clients and senders are looked up in the access map.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Checks {
    #[default]
    AtOnce,
    Delayed,
    NotForFriends,
    ForHaters,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Relay {
    pub(super) next_hop: Text,
    #[serde(default)]
    pub(super) outbound: Outbound,
    pub(super) tls: Option<Spanned<RelayTlsTable>>,
    pub(super) auth: Option<Spanned<LoginTable>>,
    #[serde(default)]
    pub(super) trusted_networks: Vec<Spanned<String>>,
}

/// Where mail for other domains goes where no next hop is named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outbound {
    /// To the servers that the DNS names.
    #[default]
    Mx,
    /// Nowhere: it is refused.
    Off,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Smtp {
    #[serde(default)]
    pub(super) bare_line_endings: BareLineEndings,
    pub(super) greeting_delay: Text,
    pub(super) utf8: Option<bool>,
}

/// What a message gets that has a CR or an LF of its own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BareLineEndings {
    #[default]
    Reject,
    Normalise,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    pub(super) message_size: Text,
    pub(super) line_length: Option<Spanned<u32>>,
    pub(super) data_rate: Option<Spanned<u32>>,
    pub(super) commands: Option<Spanned<u32>>,
    pub(super) errors: Option<Spanned<u32>>,
    pub(super) error_delay: Text,
    pub(super) messages: Option<Spanned<u32>>,
    pub(super) recipients: Option<Spanned<u32>>,
    pub(super) connections: Option<Spanned<u32>>,
    pub(super) connections_per_client: Option<Spanned<u32>>,
    pub(super) command_timeout: Text,
    pub(super) data_timeout: Text,
    pub(super) shutdown_timeout: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Log {
    #[serde(default)]
    pub(super) level: LogLevel,
    #[serde(default)]
    pub(super) format: LogFormat,
}

/// The least important thing that is still logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

/// For whom the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one object a line.
    Json,
}
