use std::fmt;
use std::str::FromStr;

use super::{AddressError, Cursor, Domain, MAX_PATH, Mailbox};

/// Where bounces go: the argument of MAIL FROM (`Reverse-path`, RFC 5321 section 4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReversePath {
    /// `<>`: a notification, to which nobody may answer with another one.
    Null,
    /// The sender's mailbox.
    Mailbox(Mailbox),
}

/// Where the message goes: the argument of RCPT TO (`Forward-path`, RFC 5321 section 4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ForwardPath {
    /// `<postmaster>` without a domain: the postmaster of this host.
    Postmaster,
    /// The recipient's mailbox.
    Mailbox(Mailbox),
}

impl ReversePath {
    /// The mailbox, unless the path is null.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            Self::Null => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }

    /// Whether it may be sent to whom does not know UTF-8.
    pub fn is_ascii(&self) -> bool {
        self.mailbox().is_none_or(Mailbox::is_ascii)
    }

    /// Reads a path in its brackets that may be in UTF-8 (RFC 6531 section 3.3).
    ///
    /// # Errors
    /// If it is none.
    pub fn from_utf8(text: &str) -> Result<Self, AddressError> {
        whole(Cursor::utf8(text), Self::parse)
    }

    /// Whether this is `<>`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, AddressError> {
        if cursor.rest().starts_with(b"<>") {
            cursor.advance();
            cursor.advance();
            return Ok(Self::Null);
        }
        bracketed(cursor, Mailbox::parse).map(Self::Mailbox)
    }
}

impl ForwardPath {
    /// The mailbox, unless the path is the bare `<postmaster>`.
    pub fn mailbox(&self) -> Option<&Mailbox> {
        match self {
            Self::Postmaster => None,
            Self::Mailbox(mailbox) => Some(mailbox),
        }
    }

    /// Whether it may be sent to whom does not know UTF-8.
    pub fn is_ascii(&self) -> bool {
        self.mailbox().is_none_or(Mailbox::is_ascii)
    }

    /// Reads a path in its brackets that may be in UTF-8 (RFC 6531 section 3.3).
    ///
    /// # Errors
    /// If it is none.
    pub fn from_utf8(text: &str) -> Result<Self, AddressError> {
        whole(Cursor::utf8(text), Self::parse)
    }

    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, AddressError> {
        if cursor.eat_ignore_case(b"<postmaster>") {
            return Ok(Self::Postmaster);
        }
        bracketed(cursor, Mailbox::parse).map(Self::Mailbox)
    }
}

/// What `parse` reads, if nothing is left behind it.
fn whole<T>(
    mut cursor: Cursor<'_>,
    parse: impl FnOnce(&mut Cursor<'_>) -> Result<T, AddressError>,
) -> Result<T, AddressError> {
    let path = parse(&mut cursor)?;
    if cursor.is_empty() { Ok(path) } else { Err(AddressError::Trailing) }
}

/// `"<" [ A-d-l ":" ] Mailbox ">"`. A source route is accepted and ignored (RFC 5321 appendix C).
fn bracketed<T>(
    cursor: &mut Cursor<'_>,
    inner: impl FnOnce(&mut Cursor<'_>) -> Result<T, AddressError>,
) -> Result<T, AddressError> {
    let start = cursor.clone();
    if !cursor.eat(b'<') {
        return Err(AddressError::MissingBrackets);
    }
    if cursor.peek() == Some(b'@') {
        source_route(cursor)?;
    }
    let value = inner(cursor)?;
    if !cursor.eat(b'>') {
        // A second `@`, for example, is another fault than the lack of a bracket.
        return Err(match cursor.peek() {
            None | Some(b' ') => AddressError::MissingBrackets,
            Some(_) => AddressError::Trailing,
        });
    }
    if cursor.since(&start).len() > MAX_PATH {
        return Err(AddressError::PathTooLong);
    }
    Ok(value)
}

fn source_route(cursor: &mut Cursor<'_>) -> Result<(), AddressError> {
    loop {
        if !cursor.eat(b'@') {
            return Err(AddressError::SourceRoute);
        }
        Domain::parse(cursor).map_err(|_| AddressError::SourceRoute)?;
        if cursor.eat(b':') {
            return Ok(());
        }
        if !cursor.eat(b',') {
            return Err(AddressError::SourceRoute);
        }
    }
}

impl From<Mailbox> for ReversePath {
    fn from(mailbox: Mailbox) -> Self {
        Self::Mailbox(mailbox)
    }
}

impl From<Mailbox> for ForwardPath {
    fn from(mailbox: Mailbox) -> Self {
        Self::Mailbox(mailbox)
    }
}

impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<>"),
            Self::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}

impl fmt::Display for ForwardPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postmaster => f.write_str("<postmaster>"),
            Self::Mailbox(mailbox) => write!(f, "<{mailbox}>"),
        }
    }
}

macro_rules! from_str {
    ($path:ty) => {
        impl FromStr for $path {
            type Err = AddressError;

            fn from_str(text: &str) -> Result<Self, AddressError> {
                whole(Cursor::new(text.as_bytes()), Self::parse)
            }
        }
    };
}

from_str!(ReversePath);
from_str!(ForwardPath);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_special_paths() {
        assert_eq!("<>".parse(), Ok(ReversePath::Null));
        assert_eq!("<PostMaster>".parse(), Ok(ForwardPath::Postmaster));
        assert!("<>".parse::<ForwardPath>().is_err());
        assert!("<postmaster>".parse::<ReversePath>().is_err());
    }

    #[test]
    fn knows_utf8_where_it_is_allowed() {
        for text in ["<j\u{f6}e@example.org>", "<joe@b\u{fc}cher.example>"] {
            assert!(text.parse::<ForwardPath>().is_err());
            assert_eq!(ForwardPath::from_utf8(text).unwrap().to_string(), text);
            assert_eq!(ReversePath::from_utf8(text).unwrap().to_string(), text);
        }
        assert!(ForwardPath::from_utf8("<joe@example.org> x").is_err());
    }

    #[test]
    fn ignores_source_routes() {
        let path: ForwardPath = "<@a.example,@b.example:joe@c.example>".parse().unwrap();
        assert_eq!(path.to_string(), "<joe@c.example>");
        for text in ["<@a:>", "<@:j@x>", "<@a,:j@x>", "<@a j@x>", "<@a,b:j@x>", "<@[1.2.3.4]:j@x>"] {
            assert!(text.parse::<ForwardPath>().is_err(), "{text}");
        }
    }

    #[test]
    fn tells_a_lack_of_brackets_from_text_before_the_last_one() {
        use AddressError::{MissingBrackets, Trailing};
        for (text, expected) in [
            ("joe@x", MissingBrackets),
            ("<joe@x", MissingBrackets),
            ("<joe@x SIZE=1", MissingBrackets),
            ("<joe@x@y>", Trailing),
            ("<joe@x%y>", Trailing),
        ] {
            assert_eq!(text.parse::<ForwardPath>(), Err(expected), "{text}");
        }
    }

    #[test]
    fn refuses_malformed_paths() {
        for text in ["joe@x", "<joe@x", "joe@x>", "<<joe@x>>", "< joe@x>", "<joe@x >", "<joe>", "", "<"] {
            assert!(text.parse::<ForwardPath>().is_err(), "{text}");
            assert!(text.parse::<ReversePath>().is_err(), "{text}");
        }
        let long = format!("<joe@{}>", vec!["a"; 126].join("."));
        assert_eq!(long.len(), 257);
        assert_eq!(long.parse::<ForwardPath>(), Err(AddressError::PathTooLong));
    }
}
