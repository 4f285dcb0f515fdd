use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{AlgorithmFamily, DecodingKey, Header};
use serde::Deserialize;
use serde_json::Value;

use crate::store::StoreError;

/// How many keys are tried for a token that names none.
const MOST_TRIED: usize = 8;

/// The public keys that may sign tokens (RFC 7517 section 5).
pub(super) struct KeySet(Vec<Key>);

/// One of them.
pub(super) struct Key {
    id: Option<String>,
    family: AlgorithmFamily,
    /// What it is for, if it says so.
    algorithm: Option<KeyAlgorithm>,
    pub(super) decoding: DecodingKey,
}

/// A JWK set, not looked into.
#[derive(Deserialize)]
pub(super) struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads the keys. Those of other kinds and for other purposes are left out, as RFC 7517 section 5
    /// wants it.
    pub(super) fn decode(document: Document) -> Result<Self, StoreError> {
        let keys: Vec<Key> = document.keys.into_iter().filter_map(Key::decode).collect();
        if keys.is_empty() {
            return Err(StoreError::new("no key in the key set can verify a signature"));
        }
        Ok(Self(keys))
    }

    /// The keys that may have signed a token with this header.
    pub(super) fn fitting<'a>(&'a self, header: &'a Header) -> impl Iterator<Item = &'a Key> {
        self.0.iter().filter(|key| key.fits(header)).take(MOST_TRIED)
    }
}

impl Key {
    fn decode(key: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(key).ok()?;
        let common = &jwk.common;
        let signs = common.public_key_use.as_ref().is_none_or(|purpose| *purpose == PublicKeyUse::Signature);
        let verifies = common
            .key_operations
            .as_ref()
            .is_none_or(|operations| operations.contains(&KeyOperations::Verify));
        let family = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => AlgorithmFamily::Rsa,
            AlgorithmParameters::EllipticCurve(_) => AlgorithmFamily::Ec,
            AlgorithmParameters::OctetKeyPair(_) => AlgorithmFamily::Ed,
            // A shared secret has no place in a set of public keys.
            _ => return None,
        };
        if !signs || !verifies {
            return None;
        }
        let decoding = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self { id: jwk.common.key_id, family, algorithm: jwk.common.key_algorithm, decoding })
    }

    fn fits(&self, header: &Header) -> bool {
        header.kid.as_ref().is_none_or(|id| self.id.as_ref() == Some(id))
            && self.family == header.alg.family()
            && self.algorithm.is_none_or(|algorithm| algorithm == header.alg.into())
    }
}
