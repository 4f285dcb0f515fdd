use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;
use smtp_core::Secret;

use super::{Inner, IntrospectionStore, form};
use crate::cache::Recollection;
use crate::http_client::{Endpoint, HttpClient, HttpOptions};
use crate::oauth::{OauthError, TokenRules};

/// How many tokens are remembered, of the good and of the others.
const CAPACITY: usize = 10_000;

/// Sets up an [`IntrospectionStore`].
#[derive(Debug)]
#[must_use]
pub struct IntrospectionStoreBuilder {
    endpoint: String,
    rules: TokenRules,
    name: Cow<'static, str>,
    options: HttpOptions,
    authorization: Option<HeaderValue>,
    remember_for: Duration,
}

impl IntrospectionStoreBuilder {
    pub(super) fn new(endpoint: String, rules: TokenRules) -> Self {
        Self {
            endpoint,
            rules,
            name: "oauth".into(),
            options: HttpOptions::default(),
            authorization: None,
            remember_for: Duration::from_secs(60),
        }
    }

    /// What the store is called in identities and logs; `oauth` unless told.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// As which client of the authorization server it asks. A server answers nobody else.
    pub fn client(mut self, id: &str, secret: impl Into<Secret>) -> Self {
        self.authorization = Some(form::authorization(id, &secret.into()));
        self
    }

    /// How the server is asked.
    pub fn options(mut self, options: HttpOptions) -> Self {
        self.options = options;
        self
    }

    /// How long it is remembered at most that a token is good; one minute unless told, zero for not at
    /// all.
    pub fn remember_for(mut self, time: Duration) -> Self {
        self.remember_for = time;
        self
    }

    /// Makes the store. The server is not asked yet.
    ///
    /// # Errors
    /// If the address cannot be used, or the certificates not be read.
    pub fn build(self) -> Result<IntrospectionStore, OauthError> {
        Ok(IntrospectionStore(Arc::new(Inner {
            endpoint: Endpoint::parse(&self.endpoint, &self.options)?,
            client: HttpClient::new(&self.options)?,
            name: self.name,
            authorization: self.authorization,
            rules: self.rules,
            remember_for: self.remember_for,
            recollection: Recollection::new(CAPACITY),
        })))
    }
}
