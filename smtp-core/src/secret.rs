//! Octets that must not be seen.

use std::fmt;

use zeroize::Zeroizing;

/// Octets that neither print nor compare, and are wiped when dropped: what a client sends in an
/// AUTH exchange, a password, a key.
#[derive(Clone, Default)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes the octets over.
    pub fn new(octets: Vec<u8>) -> Self {
        Self(Zeroizing::new(octets))
    }

    /// Shows the octets. What sees them must not keep or log them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Shows the text, if it is UTF-8.
    pub fn expose_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.0).ok()
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes().to_vec())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
