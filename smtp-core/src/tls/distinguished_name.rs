use std::borrow::Cow;
use std::fmt;

/// The name of a subject or an issuer (X.501): attributes in the order of the certificate.
///
/// It prints in the form of Sendmail's access map, as in `CERTSubject:`. Blanks, characters that are
/// not printable ASCII and `<>()"+/` within a value stand as `+` and two hexadecimal digits for each octet, so
/// that no value can pass for another attribute.
///
/// ```
/// use smtp_core::DistinguishedName;
///
/// let name = DistinguishedName::new([("C", "US"), ("O", "Example Inc"), ("CN", "mx.example.org")]);
/// assert_eq!(name.to_string(), "/C=US/O=Example+20Inc/CN=mx.example.org");
/// assert_eq!(name.common_name(), Some("mx.example.org"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct DistinguishedName(Vec<(Cow<'static, str>, String)>);

impl DistinguishedName {
    /// A name of these attributes: `CN`, `O`, or the numbers of an OID with dots between them.
    pub fn new<K, V>(attributes: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<Cow<'static, str>>,
        V: Into<String>,
    {
        Self(attributes.into_iter().map(|(kind, value)| (kind.into(), value.into())).collect())
    }

    /// The attributes and their values.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(kind, value)| (&**kind, &**value))
    }

    /// The last common name: the one that is nearest to what is named.
    pub fn common_name(&self) -> Option<&str> {
        self.0.iter().rev().find(|(kind, _)| kind == "CN").map(|(_, value)| &**value)
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (kind, value) in &self.0 {
            write!(f, "/{kind}=")?;
            for octet in value.bytes() {
                match octet {
                    b'<' | b'>' | b'(' | b')' | b'"' | b'+' | b'/' => write!(f, "+{octet:02X}")?,
                    b'!'..=b'~' => write!(f, "{}", octet as char)?,
                    _ => write!(f, "+{octet:02X}")?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_passes_for_an_attribute() {
        let name = DistinguishedName::new([("CN", "a/CN=admin"), ("CN", "+20(\u{fc})\r\n")]);
        assert_eq!(name.to_string(), "/CN=a+2FCN=admin/CN=+2B20+28+C3+BC+29+0D+0A");
        assert_eq!(name.common_name(), Some("+20(\u{fc})\r\n"));
        assert_eq!(DistinguishedName::default().to_string(), "");
    }
}
