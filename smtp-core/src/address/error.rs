use std::fmt;

/// Why some text is not an address, a domain or a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressError {
    /// A label of the domain is empty, too long, or has a character other than letters, digits
    /// and inner hyphens.
    Domain,
    /// The domain is longer than 255 octets.
    DomainTooLong,
    /// The bracketed text is no IPv4, IPv6 or tagged address literal.
    Literal,
    /// The local part is neither a dot-string nor a quoted string.
    LocalPart,
    /// The local part is longer than 64 octets.
    LocalPartTooLong,
    /// There is no `@` with a domain behind the local part.
    MissingDomain,
    /// A path must stand in angle brackets.
    MissingBrackets,
    /// The source route in front of the mailbox is malformed.
    SourceRoute,
    /// The path is longer than 256 octets.
    PathTooLong,
    /// Text follows where the value should have ended.
    Trailing,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Domain => "malformed domain",
            Self::DomainTooLong => "domain longer than 255 octets",
            Self::Literal => "malformed address literal",
            Self::LocalPart => "malformed local part",
            Self::LocalPartTooLong => "local part longer than 64 octets",
            Self::MissingDomain => "domain missing in address",
            Self::MissingBrackets => "address must be enclosed in angle brackets",
            Self::SourceRoute => "malformed source route",
            Self::PathTooLong => "path longer than 256 octets",
            Self::Trailing => "unexpected text after the address",
        })
    }
}

impl std::error::Error for AddressError {}
