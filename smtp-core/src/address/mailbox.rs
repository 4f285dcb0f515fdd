use std::fmt;
use std::str::FromStr;

use super::{AddressError, Cursor, Domain, Host, LocalPart};

/// `local-part@host` (`Mailbox` of RFC 5321 section 4.1.2).
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Mailbox {
    local_part: LocalPart,
    host: Host,
}

impl Mailbox {
    /// Joins the two parts.
    pub fn new(local_part: LocalPart, host: impl Into<Host>) -> Self {
        Self { local_part, host: host.into() }
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &LocalPart {
        &self.local_part
    }

    /// What stands behind the `@`.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Reads a mailbox that may be in UTF-8 (RFC 6531 section 3.3); from text that must be ASCII use
    /// `parse`.
    ///
    /// # Errors
    /// If it is none.
    pub fn from_utf8(text: &str) -> Result<Self, AddressError> {
        Self::parse_whole(Cursor::utf8(text))
    }

    /// Whether it may be sent to whom does not know UTF-8.
    pub fn is_ascii(&self) -> bool {
        self.local_part.as_str().is_ascii() && self.domain().is_none_or(|domain| domain.as_str().is_ascii())
    }

    /// The domain behind the `@`, if it is no address literal.
    pub fn domain(&self) -> Option<&Domain> {
        self.host.domain()
    }

    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, AddressError> {
        let local_part = LocalPart::parse(cursor)?;
        if !cursor.eat(b'@') {
            return Err(AddressError::MissingDomain);
        }
        Ok(Self { local_part, host: Host::parse(cursor)? })
    }

    fn parse_whole(mut cursor: Cursor<'_>) -> Result<Self, AddressError> {
        let mailbox = Self::parse(&mut cursor)?;
        if cursor.is_empty() { Ok(mailbox) } else { Err(AddressError::Trailing) }
    }
}

impl FromStr for Mailbox {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse_whole(Cursor::new(text.as_bytes()))
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local_part, self.host)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_the_grammar_allows() {
        for text in [
            "joe@example.org",
            "joe.doe+tag@example.org",
            "a%b@example.org",
            "b!a@example.org",
            r#""joe doe"@example.org"#,
            r#""a@b"@example.org"#,
            r#""a\"b\\"@example.org"#,
            r#"""@example.org"#,
            "joe@[127.0.0.1]",
            "joe@[IPv6:::1]",
            "!#$%&'*+-/=?^_`{|}~@x",
        ] {
            assert_eq!(text.parse::<Mailbox>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_it_does_not() {
        for text in [
            "",
            "joe",
            "@example.org",
            "joe@",
            ".joe@x",
            "joe.@x",
            "j..d@x",
            "joe doe@x",
            "j@x y",
            "a@b@c",
            r#""joe@x"#,
            r#"joe"doe@x"#,
            r#""joe"doe@x"#,
            "joe@x.",
            "jöe@x",
            "j\r\n@x",
            "\"j\0\"@x",
            "\"j\\\u{7f}\"@x",
            "j,d@x",
            "(c)joe@x",
        ] {
            assert!(text.parse::<Mailbox>().is_err(), "{text:?}");
        }
        let long = format!("{}@x", "a".repeat(65));
        assert_eq!(long.parse::<Mailbox>(), Err(AddressError::LocalPartTooLong));
    }

    #[test]
    fn compares_by_meaning() {
        let plain: Mailbox = "joe@example.org".parse().unwrap();
        assert_eq!(plain, r#""jo\e"@EXAMPLE.org"#.parse().unwrap());
        assert_ne!(plain, "Joe@example.org".parse().unwrap());
    }

    #[test]
    fn knows_utf8_where_it_is_allowed() {
        for text in [
            "j\u{f6}e@example.org",
            "\"j\u{f6} e\"@b\u{fc}cher.example",
            "\u{7528}\u{6237}@\u{4f8b}\u{5b50}.test",
        ] {
            let mailbox = Mailbox::from_utf8(text).unwrap();
            assert_eq!(mailbox.to_string(), text);
            assert!(!mailbox.is_ascii());
            assert!(text.parse::<Mailbox>().is_err(), "{text}");
        }
        assert!(Mailbox::from_utf8("joe@example.org").unwrap().is_ascii());
        for text in ["j\u{85}e@x", "j\u{9f}@x", "\"\\\u{f6}\"@x", "\u{f6}\u{f6}..a@x", "\u{f6}@[IPv6:\u{f6}]"]
        {
            assert!(Mailbox::from_utf8(text).is_err(), "{text:?}");
        }
        assert!(Mailbox::from_utf8(&format!("{}@x", "\u{f6}".repeat(33))).is_err());
    }
}
