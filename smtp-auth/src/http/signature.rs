//! That the question comes from this server and is fresh.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac as _};
use hyper::header::HeaderValue;
use sha2::Sha256;
use smtp_core::Secret;

use crate::store::StoreError;

pub(super) const HEADER: &str = "x-smtp-signature";

/// What both sides know.
pub(super) struct SigningKey(Secret);

impl SigningKey {
    pub(super) fn new(secret: Secret) -> Self {
        Self(secret)
    }

    pub(super) fn sign(&self, body: &[u8]) -> Result<HeaderValue, StoreError> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(StoreError::new)?;
        self.sign_at(now.as_secs(), body)
    }

    fn sign_at(&self, seconds: u64, body: &[u8]) -> Result<HeaderValue, StoreError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose()).map_err(StoreError::new)?;
        mac.update(format!("{seconds}.").as_bytes());
        mac.update(body);
        let mut value = format!("t={seconds},v1=");
        for octet in mac.finalize().into_bytes() {
            let _ = write!(value, "{octet:02x}");
        }
        HeaderValue::try_from(value).map_err(StoreError::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_openssl_computes() {
        // printf '1700000000.{"name":"alice"}' | openssl dgst -sha256 -hmac secret
        let signature =
            SigningKey::new("secret".into()).sign_at(1_700_000_000, b"{\"name\":\"alice\"}").unwrap();
        assert_eq!(
            signature.to_str().unwrap(),
            "t=1700000000,v1=f9003c72de2f428313487b84af3babb77a9a09c12f6be0fb4fd02863546edb22"
        );
    }
}
