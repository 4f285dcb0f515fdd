use hmac::{Hmac, Mac as _};
use rand::RngCore as _;
use sha2::Sha256;
use smtp_core::Secret;

/// What stands for a login, and does not tell it.
pub(super) type Key = [u8; 32];

/// Makes keys under a secret that lives as long as this, so that whoever sees them cannot try
/// passwords on them.
pub(super) struct Keyed(Secret);

impl Keyed {
    pub(super) fn random() -> Self {
        let mut secret = vec![0; 32];
        rand::rng().fill_bytes(&mut secret);
        Self(Secret::new(secret))
    }

    pub(super) fn hash(&self, parts: &[&[u8]]) -> Key {
        let mut mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(self.0.expose())
            .expect("HMAC takes keys of any length");
        for part in parts {
            // So that no end of one part can be the beginning of the next.
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let keyed = Keyed::random();
        assert_eq!(keyed.hash(&[b"ab", b"c"]), keyed.hash(&[b"ab", b"c"]));
        for other in [&[b"a" as &[u8], b"bc"] as &[&[u8]], &[b"abc"], &[b"ab", b"c", b""], &[b"ab"]] {
            assert_ne!(keyed.hash(&[b"ab", b"c"]), keyed.hash(other));
        }
        assert_ne!(keyed.hash(&[b"ab", b"c"]), Keyed::random().hash(&[b"ab", b"c"]));
    }
}
