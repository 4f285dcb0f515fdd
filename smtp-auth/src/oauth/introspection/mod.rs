//! Tokens that the server is asked about which gave them out.

mod builder;
mod form;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use builder::IntrospectionStoreBuilder;
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use serde_json::Value;
use smtp_core::Session;

use super::{Claims, LONGEST_TOKEN, TokenRules, accept};
use crate::cache::{Fresh, Recollection};
use crate::http_client::{Endpoint, HttpClient};
use crate::store::{CredentialStore, StoreError, TokenLogin, Verdict};

/// A longer answer is none.
const LONGEST_ANSWER: usize = 64 * 1024;

/// How long it is remembered that a token is not good.
const REFUSED_FOR: Duration = Duration::from_secs(5);

/// A store that asks the authorization server whose a token is (RFC 7662).
///
/// What it says of a good token is remembered for a minute unless told, and never longer than the token
/// lives; that one is not good, for five seconds. So long a token that was revoked goes on to be taken.
/// Tokens themselves are not kept, but keyed hashes of them. The same token from many connections at once
/// is asked about once.
///
/// A server that is away, or whose answer is none, makes no token bad: clients are told to come again.
///
/// Cheap to clone.
///
/// ```
/// use smtp_auth::{AuthLayer, IntrospectionStore, TokenRules};
///
/// let rules = TokenRules::new("username").audience("smtp.example.org").scope("mail.send");
/// let store = IntrospectionStore::builder("https://login.example.org/introspect", rules)
///     .client("smtp", "secret of the client")
///     .build()?;
/// let layer = AuthLayer::new(store);
/// # Ok::<(), smtp_auth::OauthError>(())
/// ```
#[derive(Clone)]
pub struct IntrospectionStore(Arc<Inner>);

struct Inner {
    name: Cow<'static, str>,
    client: HttpClient,
    endpoint: Endpoint,
    authorization: Option<HeaderValue>,
    rules: TokenRules,
    remember_for: Duration,
    recollection: Recollection,
}

impl IntrospectionStore {
    /// Asks the introspection endpoint at this address, which begins with `https:` unless the server is
    /// on this host.
    pub fn builder(endpoint: impl Into<String>, rules: TokenRules) -> IntrospectionStoreBuilder {
        IntrospectionStoreBuilder::new(endpoint.into(), rules)
    }

    /// Forgets what was said of the tokens of this user, or of one who claimed to be.
    pub fn forget(&self, name: &str) {
        self.0.recollection.forget(name);
    }

    async fn ask(&self, token: &[u8]) -> Result<Fresh, StoreError> {
        let mut request = Request::new(Full::new(form::encode(token)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.0.endpoint.uri().clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        if let Some(authorization) = &self.0.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        let answer = self.0.client.send(request, LONGEST_ANSWER).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.unexpected());
        }
        let claims: Claims = answer.json()?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(StoreError::new)?;
        self.judge(&claims, now.as_secs_f64())
    }

    /// What the claims come to at this time, in seconds since 1970.
    fn judge(&self, claims: &Claims, now: f64) -> Result<Fresh, StoreError> {
        let refused = Ok(Fresh { verdict: Verdict::Refused, lasts: REFUSED_FOR });
        match claims.get("active") {
            Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => return refused,
            _ => return Err(StoreError::new("the answer does not say whether the token is active")),
        }
        let time = |claim: &str| match claims.get(claim) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_f64() {
                Some(seconds) => Ok(Some(seconds)),
                None => Err(StoreError::new("the answer tells a time that is no number")),
            },
        };
        let left = time("exp")?.map_or(f64::MAX, |exp| exp - now);
        let Some(name) = self.0.rules.name_of(claims) else { return refused };
        if left <= 0.0 || time("nbf")?.is_some_and(|nbf| nbf > now) {
            return refused;
        }
        let lasts = Duration::try_from_secs_f64(left)
            .map_or(self.0.remember_for, |left| left.min(self.0.remember_for));
        Ok(Fresh { verdict: accept(name), lasts })
    }
}

impl CredentialStore for IntrospectionStore {
    fn name(&self) -> Cow<'static, str> {
        self.0.name.clone()
    }

    fn verifies_passwords(&self) -> bool {
        false
    }

    fn takes_tokens(&self) -> bool {
        true
    }

    async fn verify_token(&self, login: TokenLogin, _: &Session) -> Result<Verdict, StoreError> {
        let token = login.token.expose();
        if token.is_empty() || token.len() > LONGEST_TOKEN {
            return Ok(Verdict::Refused);
        }
        let name = login.name.as_deref().unwrap_or_default();
        self.0.recollection.verdict(&[token], name, self.ask(token)).await
    }
}

impl fmt::Debug for IntrospectionStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntrospectionStore")
            .field("endpoint", &self.0.endpoint)
            .field("rules", &self.0.rules)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judge(claims: &Value) -> Option<(Verdict, u64)> {
        let store = IntrospectionStore::builder("http://localhost/", TokenRules::new("sub")).build().unwrap();
        let fresh = store.judge(claims.as_object().unwrap(), 1000.0).ok()?;
        Some((fresh.verdict, fresh.lasts.as_secs()))
    }

    #[test]
    fn a_token_is_remembered_no_longer_than_it_lives() {
        let accepted = |seconds| Some((Verdict::AcceptedAs("alice".to_owned()), seconds));
        let refused = Some((Verdict::Refused, 5));
        let table = [
            (json!({"active": true, "sub": "alice"}), accepted(60)),
            (json!({"active": true, "sub": "alice", "exp": 1e300}), accepted(60)),
            (json!({"active": true, "sub": "alice", "exp": 5000}), accepted(60)),
            (json!({"active": true, "sub": "alice", "exp": 1010}), accepted(10)),
            (json!({"active": true, "sub": "alice", "exp": 1010, "nbf": 1000}), accepted(10)),
            (json!({"active": true, "sub": "alice", "exp": 1000}), refused.clone()),
            (json!({"active": true, "sub": "alice", "exp": -1}), refused.clone()),
            (json!({"active": true, "sub": "alice", "nbf": 1001}), refused.clone()),
            (json!({"active": true, "sub": "al\u{7}ice"}), Some((Verdict::Refused, 60))),
            (json!({"active": true}), refused.clone()),
            (json!({"active": false, "sub": "alice"}), refused),
            (json!({"active": true, "sub": "alice", "exp": "5000"}), None),
            (json!({"active": "true", "sub": "alice"}), None),
            (json!({"sub": "alice"}), None),
        ];
        for (claims, expected) in table {
            assert_eq!(judge(&claims), expected, "{claims}");
        }
    }
}
