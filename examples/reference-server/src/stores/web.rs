use smtp_server::BoxError;
use smtp_server::auth::{BoxCredentialStore, Cached, HttpOptions, HttpStore as Http, TrustedRoots};

use super::secret;
use crate::config::{HttpStore, Web};

pub(super) fn open(store: &HttpStore) -> Result<BoxCredentialStore, BoxError> {
    let mut builder = Http::builder(store.url.as_str()).options(options(&store.web));
    if let Some(file) = &store.bearer_file {
        builder = builder.bearer(secret::read(file)?);
    }
    if let Some(file) = &store.signing_key_file {
        builder = builder.signing_key(secret::read(file)?);
    }
    let http = builder.build()?;
    Ok(match store.remember {
        Some(time) => BoxCredentialStore::new(Cached::new(http).accepted_for(time)),
        None => BoxCredentialStore::new(http),
    })
}

fn options(web: &Web) -> HttpOptions {
    let options = HttpOptions::default().timeout(web.timeout);
    match &web.ca {
        Some(ca) => options.trusted_roots(TrustedRoots::File(ca.clone())),
        None => options,
    }
}

#[cfg(feature = "oauth")]
pub(super) use oauth::open as open_oauth;

#[cfg(feature = "oauth")]
mod oauth {
    use smtp_server::BoxError;
    use smtp_server::auth::{BoxCredentialStore, IntrospectionStore, JwtStore, TokenRules};

    use super::super::secret;
    use super::options;
    use crate::config::{OauthStore, Tokens};

    pub(in crate::stores) fn open(store: &OauthStore) -> Result<BoxCredentialStore, BoxError> {
        let (rules, options) = (rules(store), options(&store.web));
        Ok(match &store.tokens {
            Tokens::Introspection { url, client } => {
                let mut builder = IntrospectionStore::builder(url.as_str(), rules).options(options);
                if let Some((client, file)) = client {
                    builder = builder.client(client, secret::read(file)?);
                }
                BoxCredentialStore::new(builder.build()?)
            }
            Tokens::Keys(url) => {
                BoxCredentialStore::new(JwtStore::url(url.as_str(), rules).options(options).build()?)
            }
            Tokens::KeysFile(path) => BoxCredentialStore::new(JwtStore::file(path, rules).build()?),
        })
    }

    fn rules(store: &OauthStore) -> TokenRules {
        let rules = TokenRules::new(store.name_claim.as_str());
        let rules = store.issuers.iter().fold(rules, TokenRules::issuer);
        let rules = store.audiences.iter().fold(rules, TokenRules::audience);
        store.scopes.iter().fold(rules, TokenRules::scope)
    }
}
