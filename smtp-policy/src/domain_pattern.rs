//! Domains as class files name them.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use smtp_core::{AddressError, Domain};

/// A domain, or all that lies below one, written with a leading dot.
///
/// `example.org` is that domain alone; `.example.org` is `mx.example.org` and
/// `a.b.example.org`, but not `example.org` itself. Case does not count.
///
/// ```
/// use smtp_policy::DomainPattern;
///
/// let below: DomainPattern = ".example.org".parse()?;
/// assert!(below.matches(&"mx.Example.ORG".parse()?));
/// assert!(!below.matches(&"example.org".parse()?));
/// assert!(!below.matches(&"badexample.org".parse()?));
/// # Ok::<(), smtp_core::AddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DomainPattern {
    domain: Domain,
    below: bool,
}

impl DomainPattern {
    /// What lies below `domain`, without `domain` itself.
    pub fn below(domain: Domain) -> Self {
        Self { domain, below: true }
    }

    /// Whether `domain` is meant.
    pub fn matches(&self, domain: &Domain) -> bool {
        if self.below {
            domain.is_within(&self.domain) && *domain != self.domain
        } else {
            *domain == self.domain
        }
    }
}

impl From<Domain> for DomainPattern {
    fn from(domain: Domain) -> Self {
        Self { domain, below: false }
    }
}

impl FromStr for DomainPattern {
    type Err = AddressError;

    /// Reads `example.org` or `.example.org`.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text.strip_prefix('.') {
            Some(domain) => domain.parse().map(Self::below),
            None => text.parse::<Domain>().map(Self::from),
        }
    }
}

impl fmt::Display for DomainPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.below { "." } else { "" })?;
        self.domain.fmt(f)
    }
}

/// Many patterns. A lookup takes one probe for each label of the name, however many there are.
#[derive(Debug, Clone, Default)]
pub(crate) struct DomainSet(HashSet<Box<str>>);

impl DomainSet {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether one of the patterns means `domain`.
    pub(crate) fn contains(&self, domain: &Domain) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let name = domain.to_ascii().to_ascii_lowercase();
        self.0.contains(name.as_str()) || name.match_indices('.').any(|(at, _)| self.0.contains(&name[at..]))
    }
}

impl Extend<DomainPattern> for DomainSet {
    fn extend<I: IntoIterator<Item = DomainPattern>>(&mut self, patterns: I) {
        let written = |DomainPattern { domain, below }| {
            format!("{}{}", if below { "." } else { "" }, domain.to_ascii()).to_ascii_lowercase()
        };
        self.0.extend(patterns.into_iter().map(written).map(String::into_boxed_str));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_finds_what_its_patterns_mean() {
        let patterns = ["Example.org", ".example.net", ".a.example"];
        let mut set = DomainSet::default();
        set.extend(patterns.map(|text| text.parse().unwrap()));
        for (name, expected) in [
            ("example.ORG", true),
            ("mx.example.org", false),
            ("example.net", false),
            ("MX.example.net", true),
            ("a.b.c.example.net", true),
            ("badexample.net", false),
            ("a.example", false),
            ("b.a.example", true),
            ("example", false),
            ("net", false),
        ] {
            let domain = name.parse().unwrap();
            assert_eq!(set.contains(&domain), expected, "{name}");
            let one_by_one =
                patterns.iter().any(|text| text.parse::<DomainPattern>().unwrap().matches(&domain));
            assert_eq!(one_by_one, expected, "{name}");
        }
    }

    #[test]
    fn a_domain_is_the_same_in_unicode_and_in_ascii() {
        let in_unicode = |name| Domain::from_utf8(name).unwrap();
        let in_ascii = |name: &str| name.parse::<Domain>().unwrap();
        for patterns in [
            [
                DomainPattern::from(in_ascii("XN--bcher-kva.example")),
                ".xn--strae-oqa.example".parse().unwrap(),
            ],
            [
                DomainPattern::from(in_unicode("b\u{fc}cher.example")),
                DomainPattern::below(in_unicode("stra\u{df}e.example")),
            ],
        ] {
            let mut set = DomainSet::default();
            set.extend(patterns);
            for domain in [
                in_unicode("B\u{fc}cher.example"),
                in_ascii("xn--bcher-kva.example"),
                in_unicode("mx.stra\u{df}e.example"),
                in_ascii("mx.xn--strae-oqa.example"),
            ] {
                assert!(set.contains(&domain), "{domain}");
            }
            assert!(!set.contains(&in_unicode("stra\u{df}e.example")));
        }
    }

    #[test]
    fn a_pattern_is_well_formed() {
        for text in ["", ".", "..", "..example.org", "example.org.", "*.example.org", "a b"] {
            assert!(text.parse::<DomainPattern>().is_err(), "{text:?}");
        }
        assert_eq!(".example.org".parse::<DomainPattern>().unwrap().to_string(), ".example.org");
    }
}
