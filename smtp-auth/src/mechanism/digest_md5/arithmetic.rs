//! The digests of RFC 2831 section 2.1.2.1.

use md5::{Digest as _, Md5};
use smtp_core::Secret;

use super::response::{Response, narrow};

/// Both sides' proofs that they know the password, in hexadecimal digits.
pub(super) struct Digests {
    pub(super) client: String,
    pub(super) server: String,
}

impl Digests {
    pub(super) fn compute(response: &Response<'_>, nonce: &str, secret: &Secret) -> Self {
        let session_key = session_key(response, nonce, secret);
        let digest = |prefix: &[u8]| {
            let a2 = hexadecimal(&md5(&[prefix, b":", &response.digest_uri]));
            let (nonce, cnonce) = (nonce.as_bytes(), &response.cnonce);
            let count = b"00000001".as_slice();
            hexadecimal(&md5(&[
                session_key.as_bytes(),
                b":",
                nonce,
                b":",
                count,
                b":",
                cnonce,
                b":auth:",
                a2.as_bytes(),
            ]))
        };
        Self { client: digest(b"AUTHENTICATE"), server: digest(b"") }
    }
}

/// `HEX(H(A1))`.
fn session_key(response: &Response<'_>, nonce: &str, secret: &Secret) -> String {
    let password = match secret.expose_str() {
        Some(text) => Secret::new(narrow(text)),
        None => secret.clone(),
    };
    let user = md5(&[&response.username, b":", &response.realm, b":", password.expose()]);
    let mut a1 = vec![user.as_slice(), b":", nonce.as_bytes(), b":", &response.cnonce];
    if !response.acts_for.is_empty() {
        a1.extend([b":", response.acts_for.as_bytes()]);
    }
    hexadecimal(&md5(&a1))
}

fn md5(pieces: &[&[u8]]) -> [u8; 16] {
    let mut digest = Md5::new();
    for piece in pieces {
        digest.update(piece);
    }
    digest.finalize().into()
}

fn hexadecimal(octets: &[u8; 16]) -> String {
    use std::fmt::Write as _;

    octets.iter().fold(String::with_capacity(32), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}
