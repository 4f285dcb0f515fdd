//! That a request comes from this server and is fresh.

use std::fmt::Write as _;
use std::sync::Arc;

use hmac::{Hmac, Mac as _};
use hyper::header::HeaderValue;
use sha2::Sha256;
use smtp_core::{BoxError, Secret};

use super::content::Content;

pub(super) const FIELD: &str = "x-smtp-signature";

/// What both sides know.
#[derive(Clone)]
pub(super) struct SigningKey(Arc<Secret>);

impl SigningKey {
    pub(super) fn new(secret: Secret) -> Self {
        Self(Arc::new(secret))
    }

    /// Signs a request with these fields and this content.
    pub(super) async fn sign<'a>(
        &self,
        seconds: u64,
        fields: impl Iterator<Item = (&'static str, &'a [u8])>,
        mut content: Content,
    ) -> Result<HeaderValue, BoxError> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose())?;
        mac.update(format!("{seconds}\n").as_bytes());
        for (name, value) in fields {
            for octets in [name.as_bytes(), b": ", value, b"\n"] {
                mac.update(octets);
            }
        }
        mac.update(b"\n");
        while let Some(chunk) = content.next().await {
            mac.update(&chunk?);
        }
        let mut value = format!("t={seconds},v1=");
        for octet in mac.finalize().into_bytes() {
            // Writing into a string cannot fail.
            let _ = write!(value, "{octet:02x}");
        }
        Ok(HeaderValue::try_from(value)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn is_what_openssl_computes() {
        // printf '1700000000\nx-envelope-from: joe@example.org\nx-envelope-to: jane@example.org\n\nhello' |
        //     openssl dgst -sha256 -hmac secret
        let fields = [("x-envelope-from", &b"joe@example.org"[..]), ("x-envelope-to", b"jane@example.org")];
        let content = Content::new("he".into(), "l".into(), "lo".into(), Some(5));
        let key = SigningKey::new("secret".into());
        let signature = key.sign(1_700_000_000, fields.into_iter(), content);
        assert_eq!(
            signature.await.unwrap().to_str().unwrap(),
            "t=1700000000,v1=d3135f062ce4cc44f3cd2cb90f3ac32c5d57de5cfa23f9c90326a4d61838afe0"
        );
    }
}
