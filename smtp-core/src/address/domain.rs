use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use super::{AddressError, Cursor, MAX_DOMAIN};

/// A domain name (`Domain` of RFC 5321 section 4.1.2), with U-labels where those are allowed (RFC
/// 6531 section 3.3).
///
/// Keeps the form in which it was written; compares and hashes without regard to case, and a U-label
/// as its A-label.
#[derive(Clone)]
pub struct Domain {
    written: Arc<str>,
    /// The form with A-labels, where it was written with others.
    ascii: Option<Arc<str>>,
}

impl Domain {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The name as the DNS knows it: U-labels as A-labels.
    ///
    /// ```
    /// # use smtp_core::Mailbox;
    /// let mailbox = Mailbox::from_utf8("joe@b\u{fc}cher.example")?;
    /// assert_eq!(mailbox.domain().unwrap().to_ascii(), "xn--bcher-kva.example");
    /// # Ok::<(), smtp_core::AddressError>(())
    /// ```
    pub fn to_ascii(&self) -> &str {
        self.ascii.as_deref().unwrap_or(&self.written)
    }

    /// Reads a domain that may have U-labels (RFC 5890 section 2.3.2.1).
    ///
    /// # Errors
    /// If it is none.
    pub fn from_utf8(text: &str) -> Result<Self, AddressError> {
        Self::parse_whole(Cursor::utf8(text))
    }

    /// Whether this is `parent` or lies below it.
    ///
    /// ```
    /// # use smtp_core::Domain;
    /// let mx: Domain = "mx.example.org".parse()?;
    /// assert!(mx.is_within(&"example.ORG".parse()?));
    /// assert!(!mx.is_within(&"x.example.org".parse()?));
    /// # Ok::<(), smtp_core::AddressError>(())
    /// ```
    pub fn is_within(&self, parent: &Domain) -> bool {
        let (name, parent) = (self.to_ascii().as_bytes(), parent.to_ascii().as_bytes());
        let Some(start) = name.len().checked_sub(parent.len()) else {
            return false;
        };
        name[start..].eq_ignore_ascii_case(parent) && (start == 0 || name[start - 1] == b'.')
    }

    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, AddressError> {
        let name = cursor.take_text(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
        if name.len() > MAX_DOMAIN {
            return Err(AddressError::DomainTooLong);
        }
        let name = std::str::from_utf8(name).map_err(|_| AddressError::Domain)?;
        if !name.is_ascii() {
            let ascii = a_labels(name).filter(|ascii| is_well_formed(ascii)).ok_or(AddressError::Domain)?;
            return Ok(Self { written: name.into(), ascii: Some(ascii.into()) });
        }
        is_well_formed(name).then(|| Self { written: name.into(), ascii: None }).ok_or(AddressError::Domain)
    }

    fn parse_whole(mut cursor: Cursor<'_>) -> Result<Self, AddressError> {
        let domain = Self::parse(&mut cursor)?;
        if cursor.is_empty() { Ok(domain) } else { Err(AddressError::Domain) }
    }
}

fn is_well_formed(name: &str) -> bool {
    name.len() <= MAX_DOMAIN
        && name
            .as_bytes()
            .split(|&byte| byte == b'.')
            .all(|label| matches!(label.len(), 1..=63) && label[0] != b'-' && label[label.len() - 1] != b'-')
}

/// The name with A-labels. A U-label is what comes back from its A-label; what only maps to one is
/// none (RFC 5890 section 2.3.2.1).
fn a_labels(name: &str) -> Option<String> {
    let ascii = idna::domain_to_ascii_strict(name).ok()?;
    let (unicode, outcome) = idna::domain_to_unicode(&ascii);
    (outcome.is_ok() && unicode == name.to_lowercase()).then_some(ascii)
}

impl FromStr for Domain {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse_whole(Cursor::new(text.as_bytes()))
    }
}

impl PartialEq for Domain {
    fn eq(&self, other: &Self) -> bool {
        self.to_ascii().eq_ignore_ascii_case(other.to_ascii())
    }
}

impl Eq for Domain {}

impl Hash for Domain {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.to_ascii().bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        state.write_u8(0xff);
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Domain({})", self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_of_letters_digits_and_inner_hyphens() {
        for name in ["localhost", "a.b-c.d9", "xn--bcher-kva.example", "1.2.3.4", "EXAMPLE.org"] {
            assert_eq!(name.parse::<Domain>().unwrap().as_str(), name);
        }
        assert!("a".repeat(63).parse::<Domain>().is_ok());
    }

    #[test]
    fn refuses_everything_else() {
        for name in ["", ".", "a.", ".a", "a..b", "-a", "a-", "a.-b", "a_b", "a b", "ä.de", "a\0"] {
            assert!(name.parse::<Domain>().is_err(), "{name:?}");
        }
        assert!("a".repeat(64).parse::<Domain>().is_err());
        let long = vec!["a"; 129].join(".");
        assert_eq!(long.parse::<Domain>(), Err(AddressError::DomainTooLong));
    }

    #[test]
    fn compares_without_regard_to_case() {
        use std::collections::HashSet;
        let names: HashSet<Domain> = HashSet::from(["Example.ORG".parse().unwrap()]);
        assert!(names.contains(&"example.org".parse().unwrap()));
    }

    #[test]
    fn u_labels_are_their_a_labels() {
        let name = Domain::from_utf8("B\u{fc}cher.example").unwrap();
        assert_eq!(name.as_str(), "B\u{fc}cher.example");
        assert_eq!(name, "xn--bcher-kva.EXAMPLE".parse().unwrap());
        let parent = Domain::from_utf8("b\u{fc}cher.example").unwrap();
        assert!("mx.xn--bcher-kva.example".parse::<Domain>().unwrap().is_within(&parent));
        for text in [
            // Full-width letters and dots map to others, a hyphen in front, an unassigned point, no NFC.
            "\u{ff21}.example",
            "a\u{3002}b",
            "-\u{fc}.example",
            "\u{378}.example",
            "u\u{308}.example",
            "\u{fc}..example",
            "\u{fc} .example",
            "\u{202e}\u{fc}.example",
            "xn--\u{fc}.example",
        ] {
            assert!(Domain::from_utf8(text).is_err(), "{text:?}");
        }
        assert!("b\u{fc}cher.example".parse::<Domain>().is_err());
    }
}
