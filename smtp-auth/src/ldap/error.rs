use std::io;

use ldap3::{LdapError, LdapResult};

/// A pattern for names, distinguished names or filters that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LdapTemplateError {
    /// Braces without a word that means something between them.
    #[error("{0:?} has braces without {{name}}, {{user}} or {{domain}} in them")]
    Placeholder(String),
    /// It would be the same for all users.
    #[error("{0:?} says nowhere where the user's name goes: write {{name}} or {{user}}")]
    NoName(String),
    /// No filter (RFC 4515).
    #[error("{0:?} is no LDAP filter, such as (uid={{user}})")]
    Filter(String),
}

/// Why the directory cannot say.
#[derive(Debug, thiserror::Error)]
pub(super) enum DirectoryError {
    #[error("the directory is not there: {0}")]
    Connect(io::Error),
    #[error("the directory hung up")]
    HungUp,
    #[error("the connection broke: {0}")]
    Transport(#[from] io::Error),
    #[error("no TLS: {0}")]
    Tls(io::Error),
    #[error("{0}")]
    Library(#[from] LdapError),
    #[error("{what}: {result}")]
    Result { what: &'static str, result: LdapResult },
    #[error("the entry {dn} has not one value of {attribute} that is a name")]
    Name { dn: String, attribute: String },
}

impl DirectoryError {
    pub(super) fn result(what: &'static str) -> impl FnOnce(LdapResult) -> Self {
        move |result| Self::Result { what, result }
    }
}
