//! Where users are known from: the stores of credentials, in the order in which they are asked.

mod check;
#[cfg(feature = "ldap")]
mod ldap;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
pub(super) mod tables;
#[cfg(test)]
mod tests;
#[cfg(feature = "http")]
mod web;

use std::path::PathBuf;
use std::time::Duration;

use smtp_server::auth::Mechanism;

#[cfg(feature = "ldap")]
pub(crate) use ldap::{LdapPlace, LdapStore, LdapWay};
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub(crate) use sql::{Database, SqlStore};
#[cfg(feature = "http")]
pub(crate) use web::{HttpStore, Web};
#[cfg(feature = "oauth")]
pub(crate) use web::{OauthStore, Tokens};

/// A store of credentials, and how it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Store {
    /// The file of the users.
    Users,
    #[cfg(feature = "pam")]
    Pam(PamStore),
    Saslauthd(SaslauthdStore),
    Dovecot(DovecotStore),
    #[cfg(feature = "ldap")]
    Ldap(LdapStore),
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    Sql(SqlStore),
    #[cfg(feature = "http")]
    Http(HttpStore),
    #[cfg(feature = "oauth")]
    Oauth(OauthStore),
}

#[cfg(feature = "pam")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PamStore {
    pub(crate) service: String,
    pub(crate) timeout: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SaslauthdStore {
    pub(crate) socket: PathBuf,
    pub(crate) service: String,
    pub(crate) realm: String,
    pub(crate) whole_names: bool,
    pub(crate) timeout: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DovecotStore {
    pub(crate) socket: PathBuf,
    pub(crate) service: String,
    pub(crate) timeout: Duration,
}

impl Store {
    /// As `[auth] stores` names it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Users => "users",
            #[cfg(feature = "pam")]
            Self::Pam(_) => "pam",
            Self::Saslauthd(_) => "saslauthd",
            Self::Dovecot(_) => "dovecot",
            #[cfg(feature = "ldap")]
            Self::Ldap(_) => "ldap",
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            Self::Sql(_) => "sql",
            #[cfg(feature = "http")]
            Self::Http(_) => "http",
            #[cfg(feature = "oauth")]
            Self::Oauth(_) => "oauth",
        }
    }

    /// What has to be there for somebody to log in by it: a daemon's socket, a service's file.
    pub(super) fn needs(&self) -> Option<PathBuf> {
        match self {
            #[cfg(feature = "pam")]
            Self::Pam(store) => Some(PathBuf::from("/etc/pam.d").join(&store.service)),
            Self::Saslauthd(store) => Some(store.socket.clone()),
            Self::Dovecot(store) => Some(store.socket.clone()),
            #[cfg(feature = "ldap")]
            Self::Ldap(LdapStore { place: LdapPlace::Unix(socket), .. }) => Some(socket.clone()),
            #[cfg(feature = "sqlite")]
            Self::Sql(SqlStore { database: Database::Sqlite(path), .. }) => Some(path.clone()),
            _ => None,
        }
    }

    /// One of these mechanisms is what its users log in with.
    pub(super) fn mechanisms(&self) -> &'static [Mechanism] {
        match self {
            #[cfg(feature = "oauth")]
            Self::Oauth(_) => &[Mechanism::OAUTHBEARER, Mechanism::XOAUTH2],
            // Most of these have keys.
            Self::Users => Mechanism::ALL,
            #[cfg(any(feature = "sqlite", feature = "postgres"))]
            Self::Sql(_) => Mechanism::ALL,
            _ => &[Mechanism::PLAIN, Mechanism::LOGIN],
        }
    }
}
