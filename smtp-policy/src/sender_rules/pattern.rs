use std::fmt;
use std::str::FromStr;

use smtp_core::{Domain, Mailbox};

use crate::DomainPattern;

/// Addresses that somebody may use: `joe@example.org`, `@example.org` for all of a domain, `@.example.org` for
/// all of the domains below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderPattern(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Address(Mailbox),
    Domain(DomainPattern),
}

/// What was written is no pattern of addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SenderPatternError(String);

impl SenderPattern {
    /// Whether it means this address. Details behind a `+` do not count, nor does the case of letters.
    pub fn matches(&self, address: &Mailbox) -> bool {
        match &self.0 {
            Kind::Address(own) => is_same(own, address),
            Kind::Domain(pattern) => address.domain().is_some_and(|domain| pattern.matches(domain)),
        }
    }
}

/// Whether mail for `address` is mail for `own`.
pub(super) fn is_same(own: &Mailbox, address: &Mailbox) -> bool {
    let hosts = match (own.domain(), address.domain()) {
        (Some(own), Some(other)) => ascii(own) == ascii(other),
        _ => own.host() == address.host(),
    };
    let (own, name) = (own.local_part().unquoted(), address.local_part().unquoted());
    let plain = name.split_once('+').map(|(plain, _)| plain).filter(|plain| !plain.is_empty());
    hosts && (own.eq_ignore_ascii_case(&name) || plain.is_some_and(|plain| own.eq_ignore_ascii_case(plain)))
}

fn ascii(domain: &Domain) -> String {
    domain.to_ascii().to_ascii_lowercase()
}

impl FromStr for SenderPattern {
    type Err = SenderPatternError;

    fn from_str(text: &str) -> Result<Self, SenderPatternError> {
        let failed = |error: &dyn fmt::Display| {
            let help = "write joe@example.org, @example.org or @.example.org";
            SenderPatternError(format!("{text:?} names no addresses ({error}); {help}"))
        };
        match text.strip_prefix('@') {
            Some(domain) => {
                domain.parse().map(|domain| Self(Kind::Domain(domain))).map_err(|error| failed(&error))
            }
            None => Mailbox::from_utf8(text).map(Self::from).map_err(|error| failed(&error)),
        }
    }
}

impl From<Mailbox> for SenderPattern {
    fn from(address: Mailbox) -> Self {
        Self(Kind::Address(address))
    }
}

impl fmt::Display for SenderPatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SenderPatternError {}
