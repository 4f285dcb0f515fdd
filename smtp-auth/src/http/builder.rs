use std::borrow::Cow;
use std::sync::Arc;

use hyper::header::HeaderValue;
use smtp_core::Secret;
use zeroize::Zeroizing;

use super::signature::SigningKey;
use super::{HttpStore, Inner};
use crate::http_client::{Endpoint, EndpointError, HttpClient, HttpOptions};
use crate::trust::TrustError;

/// Sets up an [`HttpStore`].
#[derive(Debug)]
#[must_use]
pub struct HttpStoreBuilder {
    endpoint: String,
    name: Cow<'static, str>,
    options: HttpOptions,
    bearer: Option<Secret>,
    signing_key: Option<Secret>,
}

/// A web service cannot be asked as it is set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpStoreError {
    /// The address of the service cannot be used.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The certificates to trust cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The bearer secret holds what no header can.
    #[error("the bearer secret is printable ASCII")]
    Bearer,
}

impl HttpStoreBuilder {
    pub(super) fn new(endpoint: String) -> Self {
        Self {
            endpoint,
            name: "http".into(),
            options: HttpOptions::default(),
            bearer: None,
            signing_key: None,
        }
    }

    /// What the store is called in identities and logs; `http` unless told.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// How the service is asked.
    pub fn options(mut self, options: HttpOptions) -> Self {
        self.options = options;
        self
    }

    /// Sends `Authorization: Bearer` and this secret with each question.
    pub fn bearer(mut self, secret: impl Into<Secret>) -> Self {
        self.bearer = Some(secret.into());
        self
    }

    /// Signs each question: `X-Smtp-Signature: t=SECONDS,v1=HEX`, the time in seconds since 1970, and
    /// HMAC-SHA-256 under this key over that time, a dot and the body. A service that looks at both
    /// takes no question that somebody recorded.
    pub fn signing_key(mut self, key: impl Into<Secret>) -> Self {
        self.signing_key = Some(key.into());
        self
    }

    /// Makes the store. The service is not asked yet.
    ///
    /// # Errors
    /// If the address or the secret cannot be used, or the certificates not be read.
    pub fn build(self) -> Result<HttpStore, HttpStoreError> {
        Ok(HttpStore(Arc::new(Inner {
            endpoint: Endpoint::parse(&self.endpoint, &self.options)?,
            client: HttpClient::new(&self.options)?,
            authorization: self.bearer.as_ref().map(authorization).transpose()?,
            signing_key: self.signing_key.map(SigningKey::new),
            name: self.name,
        })))
    }
}

/// The header's value, which does not print.
fn authorization(bearer: &Secret) -> Result<HeaderValue, HttpStoreError> {
    let value = Zeroizing::new([b"Bearer ", bearer.expose()].concat());
    let mut value = HeaderValue::from_bytes(&value).map_err(|_| HttpStoreError::Bearer)?;
    if value.to_str().is_err() {
        return Err(HttpStoreError::Bearer);
    }
    value.set_sensitive(true);
    Ok(value)
}
