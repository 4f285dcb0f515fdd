use std::fmt;

use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::arithmetic::{Derived, derive};

/// The hash function that a mechanism of the SCRAM family computes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ScramHash {
    /// SHA-1 (RFC 5802), for clients that know no other.
    Sha1,
    /// SHA-256 (RFC 7677).
    Sha256,
    /// SHA-512, which the registry of SASL mechanisms has from a draft that became no RFC.
    Sha512,
}

impl ScramHash {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha512];

    /// The name of its mechanism, which is also the scheme in the text form of its keys.
    pub fn mechanism(self) -> &'static str {
        match self {
            Self::Sha1 => "SCRAM-SHA-1",
            Self::Sha256 => "SCRAM-SHA-256",
            Self::Sha512 => "SCRAM-SHA-512",
        }
    }

    /// How many octets it gives, and each key has.
    pub fn octets(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    pub(super) fn from_mechanism(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hash| hash.mechanism() == name)
    }

    pub(super) fn derive(self, password: &[u8], salt: &[u8], iterations: u32) -> Derived {
        match self {
            Self::Sha1 => derive::<Sha1>(password, salt, iterations),
            Self::Sha256 => derive::<Sha256>(password, salt, iterations),
            Self::Sha512 => derive::<Sha512>(password, salt, iterations),
        }
    }
}

impl fmt::Display for ScramHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mechanism())
    }
}
