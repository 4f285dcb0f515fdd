use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use smtp_core::{BoxError, BoxFuture, Domain};

/// Looks up where the mail of domains goes.
///
/// Implementations follow aliases (CNAME), and say whether DNSSEC vouches for what they found if they
/// know. See `DnsMx` (feature `dns`) for one that asks name servers.
pub trait MxLookup: Send + Sync + 'static {
    /// The MX records of a domain; none if it has none.
    fn mail_exchangers(&self, domain: &Domain) -> BoxFuture<Result<MailExchangers, LookupError>>;

    /// The addresses of a host, given by its name in ASCII without a dot at its end; none if it has
    /// none.
    fn addresses(&self, host: &str) -> BoxFuture<Result<Vec<IpAddr>, LookupError>>;
}

impl<L: MxLookup + ?Sized> MxLookup for Arc<L> {
    fn mail_exchangers(&self, domain: &Domain) -> BoxFuture<Result<MailExchangers, LookupError>> {
        (**self).mail_exchangers(domain)
    }

    fn addresses(&self, host: &str) -> BoxFuture<Result<Vec<IpAddr>, LookupError>> {
        (**self).addresses(host)
    }
}

/// The MX records of a domain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailExchangers {
    /// The records, in any order.
    pub records: Vec<MailExchanger>,
    /// Whether DNSSEC vouches for them, and for the aliases that led to them; `None` if that was not
    /// looked at.
    pub secure: Option<bool>,
}

impl From<Vec<MailExchanger>> for MailExchangers {
    fn from(records: Vec<MailExchanger>) -> Self {
        Self { records, secure: None }
    }
}

/// An MX record.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MailExchanger {
    /// The smaller, the better.
    pub preference: u16,
    /// The name of the host in ASCII, without a dot at its end: empty for the root, which stands for a
    /// domain that takes no mail (RFC 7505).
    pub host: Arc<str>,
}

impl MailExchanger {
    /// A host and its preference.
    pub fn new(preference: u16, host: impl Into<Arc<str>>) -> Self {
        Self { preference, host: host.into() }
    }
}

/// Why nothing was found.
#[derive(Debug)]
#[non_exhaustive]
pub enum LookupError {
    /// There is no such name.
    NoSuchName,
    /// There is no telling now.
    Temporary(BoxError),
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchName => f.write_str("there is no such name"),
            Self::Temporary(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LookupError {}
