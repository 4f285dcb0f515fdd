use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::Arc;

use super::{AddressError, Cursor, Domain, MAX_DOMAIN};

/// An address in brackets that stands for a host (`address-literal`, RFC 5321 section 4.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AddressLiteral {
    /// `[192.0.2.1]`
    V4(Ipv4Addr),
    /// `[IPv6:2001:db8::1]`
    V6(Ipv6Addr),
    /// `[tag:content]`, in the form in which it was written, without the brackets.
    Tagged(Arc<str>),
}

impl AddressLiteral {
    /// The IP address, if the literal is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::V4(address) => Some((*address).into()),
            Self::V6(address) => Some((*address).into()),
            Self::Tagged(_) => None,
        }
    }

    fn parse(cursor: &mut Cursor<'_>) -> Result<Self, AddressError> {
        if !cursor.eat(b'[') {
            return Err(AddressError::Literal);
        }
        // dcontent: printable ASCII without brackets and backslash.
        let content = cursor.take_while(|byte| matches!(byte, 33..=90 | 94..=126));
        if !cursor.eat(b']') || content.len() + 2 > MAX_DOMAIN {
            return Err(AddressError::Literal);
        }
        let content = std::str::from_utf8(content).map_err(|_| AddressError::Literal)?;
        let Some((tag, address)) = content.split_once(':') else {
            return content.parse().map(Self::V4).map_err(|_| AddressError::Literal);
        };
        if tag.eq_ignore_ascii_case("ipv6") {
            return address.parse().map(Self::V6).map_err(|_| AddressError::Literal);
        }
        let tag_is_ldh = tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && tag.bytes().next_back().is_some_and(|byte| byte.is_ascii_alphanumeric());
        if tag_is_ldh && !address.is_empty() {
            Ok(Self::Tagged(content.into()))
        } else {
            Err(AddressError::Literal)
        }
    }
}

impl From<IpAddr> for AddressLiteral {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6(address),
        }
    }
}

impl fmt::Display for AddressLiteral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => write!(f, "[{address}]"),
            Self::V6(address) => write!(f, "[IPv6:{address}]"),
            Self::Tagged(content) => write!(f, "[{content}]"),
        }
    }
}

/// What may stand behind the `@` of a mailbox and in HELO: a domain or an address literal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A domain name.
    Domain(Domain),
    /// An address in brackets.
    Literal(AddressLiteral),
}

impl Host {
    /// The domain, if the host is one.
    pub fn domain(&self) -> Option<&Domain> {
        match self {
            Self::Domain(domain) => Some(domain),
            Self::Literal(_) => None,
        }
    }

    /// Reads a host whose name may have U-labels (RFC 5890 section 2.3.2.1).
    ///
    /// # Errors
    /// If it is none.
    pub fn from_utf8(text: &str) -> Result<Self, AddressError> {
        Self::parse_whole(Cursor::utf8(text))
    }

    fn parse_whole(mut cursor: Cursor<'_>) -> Result<Self, AddressError> {
        let host = Self::parse(&mut cursor)?;
        if cursor.is_empty() { Ok(host) } else { Err(AddressError::Trailing) }
    }

    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, AddressError> {
        if cursor.peek() == Some(b'[') {
            AddressLiteral::parse(cursor).map(Self::Literal)
        } else {
            Domain::parse(cursor).map(Self::Domain)
        }
    }
}

impl From<Domain> for Host {
    fn from(domain: Domain) -> Self {
        Self::Domain(domain)
    }
}

impl From<AddressLiteral> for Host {
    fn from(literal: AddressLiteral) -> Self {
        Self::Literal(literal)
    }
}

impl FromStr for Host {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse_whole(Cursor::new(text.as_bytes()))
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(domain) => domain.fmt(f),
            Self::Literal(literal) => literal.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_address_literals() {
        for text in ["[127.0.0.1]", "[IPv6:2001:db8::1]", "[x-tag:some+content]", "example.org"] {
            assert_eq!(text.parse::<Host>().unwrap().to_string(), text);
        }
        assert_eq!("[ipv6:::1]".parse::<Host>().unwrap().to_string(), "[IPv6:::1]");
    }

    #[test]
    fn refuses_malformed_literals() {
        for text in [
            "[]",
            "[127.0.0.1",
            "127.0.0.1]",
            "[127.0.0.256]",
            "[127.0.1]",
            "[::1]",
            "[IPv6:1]",
            "[IPv6:]",
            "[tag-:x]",
            "[tag:]",
            "[:x]",
            "[a b:c]",
            "[x:a[b]",
            "[x:a\\b]",
            "[1.2.3.4]x",
        ] {
            assert!(text.parse::<Host>().is_err(), "{text}");
        }
    }
}
