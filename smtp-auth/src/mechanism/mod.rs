//! SASL mechanisms (RFC 4422), each in a folder of its own.
//!
//! A new one is a folder with a [`Definition`], a constant here and its place in
//! [`Mechanism::ALL`].

mod login;
mod plain;
mod scram;

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::scram::ScramHash;
use crate::store::CredentialStore;

/// A SASL mechanism that this crate has.
#[derive(Clone, Copy)]
pub struct Mechanism(&'static Definition);

/// What the layer must know of a mechanism.
pub(crate) struct Definition {
    /// The registered name.
    pub(crate) name: &'static str,
    /// Whether it shows the password to whoever reads along.
    pub(crate) plaintext: bool,
    /// Whether the first message is the server's.
    pub(crate) server_first: bool,
    /// Whether an initial response is welcome. RFC 4954 section 4 refuses one to mechanisms in
    /// which the server speaks first; LOGIN is used with one all the same.
    pub(crate) takes_initial_response: bool,
    /// What a store must be able to do for it.
    pub(crate) needs: Needs,
    /// The mechanism in rsasl's form.
    pub(crate) sasl: &'static [rsasl::registry::Mechanism],
}

/// What a mechanism needs of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// To verify a password.
    Password,
    /// To hand out keys for this hash.
    ScramKeys(ScramHash),
}

impl Needs {
    /// Whether the store can do it.
    pub(crate) fn are_met_by(self, store: &impl CredentialStore) -> bool {
        match self {
            Self::Password => store.verifies_passwords(),
            Self::ScramKeys(hash) => store.has_scram_keys(hash),
        }
    }
}

impl Mechanism {
    /// SCRAM-SHA-256 (RFC 7677): the password never leaves the client, and each side proves itself
    /// to the other.
    pub const SCRAM_SHA_256: Self = Self(&scram::SHA_256);
    /// PLAIN (RFC 4616): name and password as they are, so only within TLS.
    pub const PLAIN: Self = Self(&plain::PLAIN);
    /// LOGIN: as PLAIN in two steps. Never a standard, and still all that some clients know.
    pub const LOGIN: Self = Self(&login::LOGIN);

    /// All of them, the best first.
    pub const ALL: &'static [Self] = &[Self::SCRAM_SHA_256, Self::PLAIN, Self::LOGIN];

    /// The mechanism with this registered name, whatever its case.
    ///
    /// ```
    /// use smtp_auth::Mechanism;
    ///
    /// assert_eq!(Mechanism::from_name("plain"), Some(Mechanism::PLAIN));
    /// assert_eq!(Mechanism::from_name("NTLM"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|mechanism| mechanism.name().eq_ignore_ascii_case(name))
    }

    /// The registered name.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// Whether it shows the password to whoever reads along.
    pub fn is_plaintext(self) -> bool {
        self.0.plaintext
    }

    /// The hash whose SCRAM keys a store must have for it.
    pub fn scram_hash(self) -> Option<ScramHash> {
        match self.0.needs {
            Needs::ScramKeys(hash) => Some(hash),
            Needs::Password => None,
        }
    }

    pub(crate) fn definition(self) -> &'static Definition {
        self.0
    }

    /// A mechanism that only a test has.
    #[cfg(test)]
    pub(crate) const fn defined_by(definition: &'static Definition) -> Self {
        Self(definition)
    }
}

impl PartialEq for Mechanism {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Mechanism {}

impl Hash for Mechanism {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl fmt::Debug for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
