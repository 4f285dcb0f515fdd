use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rand::RngCore as _;
use smtp_core::Secret;
use zeroize::Zeroizing;

use super::ScramHash;
use crate::saslprep::prepare_secret;

/// What a server keeps of a password for SCRAM (RFC 5802 section 3): enough to check a proof and
/// to give one, not enough to log in. Who steals it can still guess passwords, so it is secret.
#[derive(Clone)]
pub struct ScramKeys {
    hash: ScramHash,
    cost: ScramCost,
    salt: Vec<u8>,
    stored_key: Secret,
    server_key: Secret,
}

/// What SCRAM costs a client and whoever guesses passwords.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ScramCost {
    /// How often the hash is iterated.
    pub iterations: u32,
    /// The length of the salt in octets.
    pub salt: usize,
}

impl Default for ScramCost {
    /// 10,000 iterations and 16 octets. RFC 7677 section 4 asks for 4,096 at least; more cost every
    /// login of a small device more time than they cost whoever stole the keys.
    fn default() -> Self {
        Self { iterations: 10_000, salt: 16 }
    }
}

impl ScramKeys {
    /// Keys that were computed elsewhere; `None` if there is no iteration, no salt, or a key has
    /// not the length of the hash.
    pub fn new(
        hash: ScramHash,
        iterations: u32,
        salt: Vec<u8>,
        stored_key: Secret,
        server_key: Secret,
    ) -> Option<Self> {
        let fits = |key: &Secret| key.expose().len() == hash.octets();
        if iterations == 0 || salt.is_empty() || !fits(&stored_key) || !fits(&server_key) {
            return None;
        }
        let cost = ScramCost { iterations, salt: salt.len() };
        Some(Self { hash, cost, salt, stored_key, server_key })
    }

    /// The keys of a password; `None` if SASLprep (RFC 4013) prohibits the password, or
    /// `iterations` or `salt` is empty.
    ///
    /// It takes milliseconds of computing.
    pub fn derive(hash: ScramHash, password: &Secret, iterations: u32, salt: &[u8]) -> Option<Self> {
        if iterations == 0 {
            return None;
        }
        let password = prepare_secret(password)?;
        let derived = hash.derive(password.expose(), salt, iterations);
        Self::new(hash, iterations, salt.to_vec(), derived.stored_key, derived.server_key)
    }

    /// The keys of a password with a fresh random salt; `None` as above.
    pub fn generate(hash: ScramHash, password: &Secret, cost: ScramCost) -> Option<Self> {
        let mut salt = vec![0; cost.salt];
        rand::rng().fill_bytes(&mut salt);
        Self::derive(hash, password, cost.iterations, &salt)
    }

    /// Reads `{SCRAM-SHA-256}iterations,salt,StoredKey,ServerKey`, the last three in base64: the
    /// form that GNU SASL's `gsasl --mkpasswd` writes. `None` if it is anything else.
    pub fn decode(text: &str) -> Option<Self> {
        let (scheme, values) = text.strip_prefix('{')?.split_once('}')?;
        let hash = ScramHash::from_mechanism(scheme)?;
        let mut values = values.split(',');
        let iterations = values.next()?.parse().ok()?;
        let salt = BASE64.decode(values.next()?).ok()?;
        let mut key = || BASE64.decode(values.next()?).ok().map(Secret::new);
        let (stored_key, server_key) = (key()?, key()?);
        if values.next().is_some() {
            return None;
        }
        Self::new(hash, iterations, salt, stored_key, server_key)
    }

    /// Writes the form that [`decode`](Self::decode) reads.
    pub fn encode(&self) -> Zeroizing<String> {
        let key = |key: &Secret| Zeroizing::new(BASE64.encode(key.expose()));
        Zeroizing::new(format!(
            "{{{}}}{},{},{},{}",
            self.hash,
            self.cost.iterations,
            BASE64.encode(&self.salt),
            *key(&self.stored_key),
            *key(&self.server_key),
        ))
    }

    /// Keys that cost the same and no password has.
    #[cfg(any(feature = "sqlite", feature = "postgres"))]
    pub(crate) fn decoy(&self) -> Self {
        let nobody = || Secret::new(vec![0; self.hash.octets()]);
        Self { stored_key: nobody(), server_key: nobody(), ..self.clone() }
    }

    /// The hash function that they are for.
    pub fn hash(&self) -> ScramHash {
        self.hash
    }

    /// The number of iterations and the length of the salt.
    pub fn cost(&self) -> ScramCost {
        self.cost
    }

    pub(crate) fn salt(&self) -> &[u8] {
        &self.salt
    }

    pub(crate) fn stored_key(&self) -> &[u8] {
        self.stored_key.expose()
    }

    pub(crate) fn server_key(&self) -> &[u8] {
        self.server_key.expose()
    }
}

impl fmt::Debug for ScramKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramKeys")
            .field("hash", &self.hash)
            .field("cost", &self.cost)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 7677 section 3: password `pencil`. The keys were computed by `gsasl --mkpasswd`.
    const RECORD: &str = "{SCRAM-SHA-256}4096,W22ZaJ0SNY7soEsUEjb6gQ==,\
        WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

    #[test]
    fn derives_the_keys_of_the_rfc() {
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let keys = ScramKeys::derive(ScramHash::Sha256, &"pencil".into(), 4096, &salt).unwrap();
        assert_eq!(*keys.encode(), RECORD);
        assert_eq!(*ScramKeys::decode(RECORD).unwrap().encode(), RECORD);
    }

    #[test]
    fn other_texts_are_refused() {
        let table = [
            "",
            "{SCRAM-SHA-256}",
            "{SCRAM-SHA-256}4096",
            "{SCRAM-SHA-256}4096,,,",
            "{SCRAM-SHA-256}0,AAAA,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=",
            "{SCRAM-SHA-256}4096,AAAA,AAAA,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=",
        ];
        for text in table {
            assert!(ScramKeys::decode(text).is_none(), "{text}");
        }
        assert!(ScramKeys::decode(&format!("{RECORD},")).is_none());
        assert!(ScramKeys::decode(&RECORD.replace("256", "257")).is_none());
    }

    #[test]
    fn neither_prints_nor_takes_an_empty_password() {
        assert!(!format!("{:?}", ScramKeys::decode(RECORD)).contains("WG5d"));
        assert!(ScramKeys::generate(ScramHash::Sha256, &"".into(), ScramCost::default()).is_none());
    }
}
