//! Keys for names that nobody has.
//!
//! SCRAM tells a client the salt and the iterations of a user before it proved anything. RFC 5802
//! section 7 lets the server hide that a name is unknown; for that, an unknown name needs a salt that
//! looks like any other and is the same each time.

use std::fmt;

use rand::RngCore as _;
use sha2::Sha256;
use smtp_core::Secret;

use super::arithmetic::hmac;
use super::{ScramCost, ScramHash, ScramKeys};

/// Keys as a mechanism sees them: those of a user, or a decoy with which no proof counts.
#[derive(Debug, Clone)]
pub(crate) struct PresentedKeys {
    pub(crate) keys: ScramKeys,
    pub(crate) genuine: bool,
}

/// Makes decoys out of a secret.
#[derive(Clone)]
pub(crate) struct Decoy(Secret);

impl Decoy {
    pub(crate) fn new(secret: Secret) -> Self {
        Self(secret)
    }

    /// With a secret that lives as long as the process.
    pub(crate) fn random() -> Self {
        let mut secret = vec![0; 32];
        rand::rng().fill_bytes(&mut secret);
        Self(Secret::new(secret))
    }

    /// The keys of `name`; `None` for a cost that no keys can have.
    pub(crate) fn keys(&self, hash: ScramHash, name: &str, cost: ScramCost) -> Option<PresentedKeys> {
        let salt = self.octets(hash, name, "salt", cost.salt);
        let stored_key = Secret::new(self.octets(hash, name, "stored key", hash.octets()));
        let server_key = Secret::new(self.octets(hash, name, "server key", hash.octets()));
        let keys = ScramKeys::new(hash, cost.iterations, salt, stored_key, server_key)?;
        Some(PresentedKeys { keys, genuine: false })
    }

    /// Octets that are determined by the secret and everything else here. A name holds no NUL.
    fn octets(&self, hash: ScramHash, name: &str, purpose: &str, length: usize) -> Vec<u8> {
        (0_u32..)
            .flat_map(|block| {
                let message = format!("{hash}\0{purpose}\0{block}\0{name}");
                hmac::<Sha256>(self.0.expose(), message.as_bytes())
            })
            .take(length)
            .collect()
    }
}

impl fmt::Debug for Decoy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decoy(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_same_salt_each_time_and_another_than_other_names() {
        let decoy = Decoy::new("secret".into());
        let cost = ScramCost { iterations: 4096, salt: 40 };
        let keys = |decoy: &Decoy, name: &str| decoy.keys(ScramHash::Sha256, name, cost).unwrap().keys;
        let salt = |decoy: &Decoy, name: &str| keys(decoy, name).salt().to_vec();
        assert_eq!(salt(&decoy, "alice"), salt(&decoy.clone(), "alice"));
        assert_ne!(salt(&decoy, "alice"), salt(&decoy, "bob"));
        assert_ne!(salt(&decoy, "alice"), salt(&Decoy::random(), "alice"));
        assert_eq!(keys(&decoy, "alice").cost(), cost);
    }
}
