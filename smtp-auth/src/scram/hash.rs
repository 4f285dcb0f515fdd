use std::fmt;

use sha2::Sha256;

use super::arithmetic::{Derived, derive};

/// The hash function that a mechanism of the SCRAM family computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScramHash {
    /// SHA-256 (RFC 7677).
    Sha256,
}

impl ScramHash {
    /// The name of its mechanism, which is also the scheme in the text form of its keys.
    pub fn mechanism(self) -> &'static str {
        match self {
            Self::Sha256 => "SCRAM-SHA-256",
        }
    }

    /// How many octets it gives, and each key has.
    pub fn octets(self) -> usize {
        match self {
            Self::Sha256 => 32,
        }
    }

    pub(super) fn from_mechanism(name: &str) -> Option<Self> {
        [Self::Sha256].into_iter().find(|hash| hash.mechanism() == name)
    }

    pub(super) fn derive(self, password: &[u8], salt: &[u8], iterations: u32) -> Derived {
        match self {
            Self::Sha256 => derive::<Sha256>(password, salt, iterations),
        }
    }
}

impl fmt::Display for ScramHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mechanism())
    }
}
