use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use super::{AddressError, Cursor, MAX_DOMAIN};

/// A domain name (`Domain` of RFC 5321 section 4.1.2).
///
/// Keeps the case in which it was written; compares and hashes without regard to it.
#[derive(Clone)]
pub struct Domain(Arc<str>);

impl Domain {
    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
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
        let (name, parent) = (self.0.as_bytes(), parent.0.as_bytes());
        let Some(start) = name.len().checked_sub(parent.len()) else {
            return false;
        };
        name[start..].eq_ignore_ascii_case(parent) && (start == 0 || name[start - 1] == b'.')
    }

    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, AddressError> {
        let name = cursor.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
        if name.len() > MAX_DOMAIN {
            return Err(AddressError::DomainTooLong);
        }
        let well_formed = name
            .split(|&byte| byte == b'.')
            .all(|label| matches!(label.len(), 1..=63) && label[0] != b'-' && label[label.len() - 1] != b'-');
        match std::str::from_utf8(name) {
            Ok(name) if well_formed => Ok(Self(name.into())),
            _ => Err(AddressError::Domain),
        }
    }
}

impl FromStr for Domain {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let mut cursor = Cursor::new(text.as_bytes());
        let domain = Self::parse(&mut cursor)?;
        if cursor.is_empty() { Ok(domain) } else { Err(AddressError::Domain) }
    }
}

impl PartialEq for Domain {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Domain {}

impl Hash for Domain {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
        state.write_u8(0xff);
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Domain({})", self.0)
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
}
