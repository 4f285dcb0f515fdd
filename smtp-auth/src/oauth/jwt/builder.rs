use std::borrow::Cow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::keys::Keys;
use super::source::Source;
use super::{Inner, JwtStore};
use crate::http_client::{Endpoint, HttpClient, HttpOptions};
use crate::oauth::{OauthError, TokenRules};

/// Sets up a [`JwtStore`].
#[derive(Debug)]
#[must_use]
pub struct JwtStoreBuilder {
    keys: KeysAt,
    rules: TokenRules,
    name: Cow<'static, str>,
    options: HttpOptions,
    refresh_every: Duration,
}

#[derive(Debug)]
enum KeysAt {
    File(PathBuf),
    Url(String),
}

impl JwtStore {
    /// Reads the key set from a file.
    pub fn file(path: impl Into<PathBuf>, rules: TokenRules) -> JwtStoreBuilder {
        JwtStoreBuilder::new(KeysAt::File(path.into()), rules)
    }

    /// Reads the key set from the server, at the address that it calls `jwks_uri`. It begins with
    /// `https:` unless the server is on this host.
    pub fn url(address: impl Into<String>, rules: TokenRules) -> JwtStoreBuilder {
        JwtStoreBuilder::new(KeysAt::Url(address.into()), rules)
    }
}

impl JwtStoreBuilder {
    fn new(keys: KeysAt, rules: TokenRules) -> Self {
        Self {
            keys,
            rules,
            name: "oauth".into(),
            options: HttpOptions::default(),
            refresh_every: Duration::from_secs(300),
        }
    }

    /// What the store is called in identities and logs; `oauth` unless told.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// How the server is asked for its keys.
    pub fn options(mut self, options: HttpOptions) -> Self {
        self.options = options;
        self
    }

    /// How often the keys are read; every five minutes unless told. So long a key that was taken out of
    /// them goes on to count.
    pub fn refresh_every(mut self, time: Duration) -> Self {
        self.refresh_every = time;
        self
    }

    /// Makes the store. The keys are not read yet; [`check`](JwtStore::check) does that.
    ///
    /// # Errors
    /// If the rules name no issuer or no audience, the address cannot be used, or the certificates not be
    /// read.
    pub fn build(self) -> Result<JwtStore, OauthError> {
        if self.rules.issuers.is_empty() || self.rules.audiences.is_empty() {
            return Err(OauthError::Rules);
        }
        // Whichever comes first stays; without one, the library panics where another part of the program
        // has it built with two.
        let _ = jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default();
        let source = match self.keys {
            KeysAt::File(path) => Source::File(path),
            KeysAt::Url(address) => {
                let endpoint = Endpoint::parse(&address, &self.options)?;
                Source::Url(Box::new(HttpClient::new(&self.options)?), endpoint)
            }
        };
        let keys = Keys::new(source, self.refresh_every);
        Ok(JwtStore(Arc::new(Inner { name: self.name, rules: self.rules, keys })))
    }
}
