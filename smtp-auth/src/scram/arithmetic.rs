//! The algorithm of RFC 5802 section 3, for any hash function.

use hmac::digest::{Digest, core_api::BlockSizeUser};
use hmac::{Mac, SimpleHmac};
use smtp_core::Secret;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A hash function that SCRAM can be computed with.
pub(crate) trait Hash: Digest + BlockSizeUser + Clone + Send + Sync + 'static {}

impl<D: Digest + BlockSizeUser + Clone + Send + Sync + 'static> Hash for D {}

/// StoredKey and ServerKey.
pub(super) struct Derived {
    pub(super) stored_key: Secret,
    pub(super) server_key: Secret,
}

pub(super) fn hmac<D: Hash>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = <SimpleHmac<D> as Mac>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn salted<D: Hash>(password: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<Vec<u8>> {
    let mut salted = Zeroizing::new(vec![0; <D as Digest>::output_size()]);
    pbkdf2::pbkdf2::<SimpleHmac<D>>(password, salt, iterations, &mut salted)
        .expect("HMAC takes keys of any length");
    salted
}

pub(super) fn derive<D: Hash>(password: &[u8], salt: &[u8], iterations: u32) -> Derived {
    let salted = salted::<D>(password, salt, iterations);
    let client_key = Zeroizing::new(hmac::<D>(&salted, b"Client Key"));
    Derived {
        stored_key: Secret::new(D::digest(&*client_key).to_vec()),
        server_key: Secret::new(hmac::<D>(&salted, b"Server Key")),
    }
}

/// Whether `proof` shows that the client knows the key behind `stored_key`. Takes the same time
/// wherever the proof goes wrong.
pub(crate) fn client_proves<D: Hash>(stored_key: &[u8], auth_message: &[u8], proof: &[u8]) -> bool {
    let signature = hmac::<D>(stored_key, auth_message);
    if proof.len() != signature.len() {
        return false;
    }
    let client_key: Zeroizing<Vec<u8>> =
        Zeroizing::new(proof.iter().zip(&signature).map(|(proof, signature)| proof ^ signature).collect());
    D::digest(&*client_key).ct_eq(stored_key).into()
}

/// What a client shows, and what it expects to be shown.
pub(crate) struct ClientProof {
    pub(crate) proof: Vec<u8>,
    pub(crate) server_signature: Vec<u8>,
}

impl ClientProof {
    /// Takes as long as the iterations do.
    pub(crate) fn compute<D: Hash>(
        password: &[u8],
        salt: &[u8],
        iterations: u32,
        auth_message: &[u8],
    ) -> Self {
        let salted = salted::<D>(password, salt, iterations);
        let client_key = Zeroizing::new(hmac::<D>(&salted, b"Client Key"));
        let signature = hmac::<D>(&D::digest(&*client_key), auth_message);
        let server_key = Zeroizing::new(hmac::<D>(&salted, b"Server Key"));
        Self {
            proof: client_key.iter().zip(signature).map(|(key, signature)| key ^ signature).collect(),
            server_signature: server_signature::<D>(&server_key, auth_message),
        }
    }
}

/// What shows to the client that the server knows it.
pub(crate) fn server_signature<D: Hash>(server_key: &[u8], auth_message: &[u8]) -> Vec<u8> {
    hmac::<D>(server_key, auth_message)
}

#[cfg(test)]
mod tests {
    use sha2::Sha256;

    use super::*;

    #[test]
    fn every_bit_of_the_stored_key_counts() {
        let client_key = [7; 32];
        let proof_for = |stored_key: &[u8]| -> Vec<u8> {
            let signature = hmac::<Sha256>(stored_key, b"message");
            client_key.iter().zip(signature).map(|(key, signature)| key ^ signature).collect()
        };
        let good = Sha256::digest(client_key).to_vec();
        assert!(client_proves::<Sha256>(&good, b"message", &proof_for(&good)));
        for bit in 0..256 {
            let mut stored_key = good.clone();
            stored_key[bit / 8] ^= 1 << (bit % 8);
            assert!(!client_proves::<Sha256>(&stored_key, b"message", &proof_for(&stored_key)), "bit {bit}");
        }
    }

    #[test]
    fn a_proof_of_another_length_is_none() {
        let stored_key = Sha256::digest([7; 32]);
        for length in [0, 1, 31, 33, 64] {
            assert!(!client_proves::<Sha256>(&stored_key, b"message", &vec![0; length]));
        }
    }
}
