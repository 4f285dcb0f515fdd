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

pub(super) fn derive<D: Hash>(password: &[u8], salt: &[u8], iterations: u32) -> Derived {
    let mut salted = Zeroizing::new(vec![0; <D as Digest>::output_size()]);
    pbkdf2::pbkdf2::<SimpleHmac<D>>(password, salt, iterations, &mut salted)
        .expect("HMAC takes keys of any length");
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

/// What shows to the client that the server knows it.
pub(crate) fn server_signature<D: Hash>(server_key: &[u8], auth_message: &[u8]) -> Vec<u8> {
    hmac::<D>(server_key, auth_message)
}
