//! SASL mechanisms (RFC 4422), each in a folder of its own.
//!
//! A new one is a folder with a [`Definition`], a constant here and its place in
//! [`Mechanism::ALL`].

mod anonymous;
mod bearer;
mod cram_md5;
mod digest_md5;
mod external;
pub(crate) mod gs2;
mod hexadecimal;
mod login;
mod needs;
mod oauthbearer;
mod plain;
mod scram;
mod violation;
mod xoauth2;

use std::fmt;
use std::hash::{Hash, Hasher};

pub(crate) use bearer::TokenHints;
pub(crate) use hexadecimal::hexadecimal;
pub(crate) use needs::Needs;
pub(crate) use violation::Violation;

use crate::scram::ScramHash;

/// A SASL mechanism that this crate has.
#[derive(Clone, Copy)]
pub struct Mechanism(&'static Definition);

/// What the layer must know of a mechanism.
pub(crate) struct Definition {
    /// The registered name.
    pub(crate) name: &'static str,
    /// Whether it shows the password or the token to whoever reads along.
    pub(crate) plaintext: bool,
    /// Whether it is tied to the TLS session.
    pub(crate) channel_binding: bool,
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

impl Definition {
    /// What a client hears whose token is refused.
    pub(crate) fn refusal(&self, hints: &TokenHints) -> Option<Vec<u8>> {
        match self.needs {
            Needs::Token { status } => Some(hints.encode(status).into_bytes()),
            _ => None,
        }
    }
}

impl Mechanism {
    /// SCRAM-SHA-256-PLUS (RFC 7677): SCRAM-SHA-256 tied to the TLS session, so that nobody stands
    /// in between.
    pub const SCRAM_SHA_256_PLUS: Self = Self(&scram::SHA_256_PLUS);
    /// SCRAM-SHA-512-PLUS.
    pub const SCRAM_SHA_512_PLUS: Self = Self(&scram::SHA_512_PLUS);
    /// SCRAM-SHA-1-PLUS (RFC 5802).
    pub const SCRAM_SHA_1_PLUS: Self = Self(&scram::SHA_1_PLUS);
    /// SCRAM-SHA-256 (RFC 7677): the password never leaves the client, and each side proves itself
    /// to the other.
    pub const SCRAM_SHA_256: Self = Self(&scram::SHA_256);
    /// SCRAM-SHA-512.
    pub const SCRAM_SHA_512: Self = Self(&scram::SHA_512);
    /// SCRAM-SHA-1 (RFC 5802).
    pub const SCRAM_SHA_1: Self = Self(&scram::SHA_1);
    /// EXTERNAL (RFC 4422 appendix A): who the client certificate says.
    pub const EXTERNAL: Self = Self(&external::EXTERNAL);
    /// OAUTHBEARER (RFC 7628): a bearer token, so only within TLS.
    pub const OAUTHBEARER: Self = Self(&oauthbearer::OAUTHBEARER);
    /// XOAUTH2: the same in the form that Google described before there was an RFC.
    pub const XOAUTH2: Self = Self(&xoauth2::XOAUTH2);
    /// PLAIN (RFC 4616): name and password as they are, so only within TLS.
    pub const PLAIN: Self = Self(&plain::PLAIN);
    /// LOGIN: as PLAIN in two steps. Never a standard, and still all that some clients know.
    pub const LOGIN: Self = Self(&login::LOGIN);
    /// DIGEST-MD5 (RFC 2831), which RFC 6331 declared historic. Off unless named: the server has to
    /// keep passwords as they are, and whoever reads along can guess them.
    pub const DIGEST_MD5: Self = Self(&digest_md5::DIGEST_MD5);
    /// CRAM-MD5 (RFC 2195). Off unless named, for the same reasons; and nothing proves the server.
    pub const CRAM_MD5: Self = Self(&cram_md5::CRAM_MD5);
    /// ANONYMOUS (RFC 4505). Off unless named: whoever wants to is in, but is nobody to policies that
    /// ask for an identity.
    pub const ANONYMOUS: Self = Self(&anonymous::ANONYMOUS);

    /// All of them, the best first.
    pub const ALL: &'static [Self] = &[
        Self::EXTERNAL,
        Self::SCRAM_SHA_256_PLUS,
        Self::SCRAM_SHA_512_PLUS,
        Self::SCRAM_SHA_1_PLUS,
        Self::SCRAM_SHA_256,
        Self::SCRAM_SHA_512,
        Self::SCRAM_SHA_1,
        Self::OAUTHBEARER,
        Self::XOAUTH2,
        Self::PLAIN,
        Self::LOGIN,
        Self::DIGEST_MD5,
        Self::CRAM_MD5,
        Self::ANONYMOUS,
    ];

    /// Those that are offered unless others are named: all but the last three.
    pub const DEFAULT: &'static [Self] = Self::ALL.split_at(Self::ALL.len() - 3).0;

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

    /// Whether it shows the password or the token to whoever reads along.
    pub fn is_plaintext(self) -> bool {
        self.0.plaintext
    }

    /// The hash whose SCRAM keys a store must have for it.
    pub fn scram_hash(self) -> Option<ScramHash> {
        match self.0.needs {
            Needs::ScramKeys(hash) => Some(hash),
            _ => None,
        }
    }

    /// Whether it is tied to the TLS session (RFC 5056): a -PLUS form.
    pub fn has_channel_binding(self) -> bool {
        self.0.channel_binding
    }

    /// Why it is better not offered, if there is a reason.
    pub fn weakness(self) -> Option<&'static str> {
        match self.0.needs {
            Needs::SharedSecret => Some("passwords are kept as they are, and who reads along can guess them"),
            Needs::Nothing => Some("whoever wants to logs in"),
            _ => None,
        }
    }

    pub(crate) fn definition(self) -> &'static Definition {
        self.0
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
