use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Params, Version};

use crate::scram::ScramKeys;

/// What a store keeps in the place of a password.
#[derive(Clone)]
pub(crate) enum StoredPassword {
    /// An Argon2id hash.
    Argon2id(PasswordHash),
    /// SCRAM keys, with which those of the password are compared.
    #[cfg_attr(
        not(any(test, feature = "sqlite", feature = "postgres")),
        expect(dead_code, reason = "the user file has them beside a hash")
    )]
    Scram(ScramKeys),
}

#[cfg(any(feature = "sqlite", feature = "postgres"))]
impl StoredPassword {
    /// Reads an Argon2id hash in PHC form or SCRAM keys as `gsasl --mkpasswd` writes them.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        match ScramKeys::decode(text) {
            Some(keys) => Some(Self::Scram(keys)),
            None => decode_argon2id(text).map(Self::Argon2id),
        }
    }

    /// What costs the same and no password has.
    pub(crate) fn decoy(&self) -> Self {
        match self {
            Self::Argon2id(hash) => Self::Argon2id(decoy_argon2id(Some(hash.params.as_str()))),
            Self::Scram(keys) => Self::Scram(keys.decoy()),
        }
    }
}

/// Reads an Argon2id hash. Whatever is accepted here can be verified later.
pub(crate) fn decode_argon2id(text: &str) -> Option<PasswordHash> {
    let hash = PasswordHash::new(text).ok()?;
    let known = hash.algorithm == ARGON2ID_IDENT
        && hash.version.is_none_or(|version| Version::try_from(version).is_ok())
        && Params::try_from(&hash).is_ok()
        && hash.salt.is_some()
        && hash.hash.is_some();
    known.then_some(hash)
}

/// A hash that no password has, at the cost that `params` name, or else the usual one.
pub(crate) fn decoy_argon2id(params: Option<&str>) -> PasswordHash {
    let usual = || ParamsString::try_from(Params::DEFAULT).unwrap_or_default();
    PasswordHash {
        algorithm: ARGON2ID_IDENT,
        version: Some(Version::V0x13.into()),
        params: params.and_then(|params| params.parse().ok()).unwrap_or_else(usual),
        salt: Salt::new(&[0; 16]).ok(),
        hash: Output::new(&[0; 32]).ok(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use argon2::{Argon2, PasswordVerifier as _};

    use super::*;

    #[test]
    fn the_decoy_is_really_computed_and_never_matches() {
        let hash = decoy_argon2id(Some("m=8192,t=3,p=1"));
        let start = Instant::now();
        for password in ["", "pencil", "\0"] {
            assert!(Argon2::default().verify_password(password.as_bytes(), &hash).is_err());
        }
        // An error of the parameters would come at once.
        assert!(start.elapsed() > Duration::from_millis(1));
    }
}
