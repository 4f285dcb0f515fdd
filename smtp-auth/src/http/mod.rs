//! Passwords that a web service verifies.

mod builder;
mod question;
mod signature;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub use builder::{HttpStoreBuilder, HttpStoreError};
use http_body_util::Full;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use question::Question;
use serde::Deserialize;
use signature::SigningKey;
use smtp_core::Session;

use crate::http_client::{Answer, Endpoint, HttpClient};
use crate::saslprep::prepare;
use crate::store::{CredentialStore, PasswordLogin, StoreError, Verdict};

/// A longer answer is none.
const LONGEST_ANSWER: usize = 64 * 1024;

/// A store that asks a web service of the site's own.
///
/// For each login it sends a POST request with a JSON object:
///
/// ```json
/// {"name": "alice", "password": "correct horse", "peer": "192.0.2.1", "listener": "submission",
///  "tls": {"version": "TLSv1.3", "cipher": "TLS_AES_256_GCM_SHA384"}}
/// ```
///
/// `peer` is the client's IP address, and null for a Unix socket; `tls` is null without TLS. The service
/// answers
///
/// - 200 and `{"ok": true}`: the password is right. With a `"name"` beside it, the user is of that name;
/// - 200 and `{"ok": false}`, or 401, or 403: it is not, or there is no such user. With `"expired": true`
///   beside `"ok": false`, the password is right and the user may not log in any more, and hears so;
/// - anything else, or nothing within the time limit: it cannot say, and clients are told to come again.
///   Redirects are not followed.
///
/// Whether an unknown user takes as long as a wrong password is up to the service.
///
/// That it is this server that asks it may show by a [bearer secret](HttpStoreBuilder::bearer), by a
/// [signature](HttpStoreBuilder::signing_key), or both.
///
/// Cheap to clone.
///
/// ```
/// use smtp_auth::{AuthLayer, HttpStore};
///
/// let store = HttpStore::builder("https://accounts.example/smtp-login").bearer("of the service").build()?;
/// let layer = AuthLayer::new(store);
/// # Ok::<(), smtp_auth::HttpStoreError>(())
/// ```
#[derive(Clone)]
pub struct HttpStore(Arc<Inner>);

struct Inner {
    name: Cow<'static, str>,
    client: HttpClient,
    endpoint: Endpoint,
    authorization: Option<HeaderValue>,
    signing_key: Option<SigningKey>,
}

#[derive(Deserialize)]
struct Said {
    ok: bool,
    #[serde(default)]
    expired: bool,
    name: Option<String>,
}

impl HttpStore {
    /// Asks the service at this address, which begins with `https:` unless the service is on this host.
    pub fn builder(endpoint: impl Into<String>) -> HttpStoreBuilder {
        HttpStoreBuilder::new(endpoint.into())
    }

    async fn ask(&self, question: Question<'_>) -> Result<Answer, StoreError> {
        let body = question.encode()?;
        let mut request = Request::new(Full::default());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.0.endpoint.uri().clone();
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(authorization) = &self.0.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        if let Some(key) = &self.0.signing_key {
            headers.insert(signature::HEADER, key.sign(&body)?);
        }
        *request.body_mut() = Full::new(body);
        self.0.client.send(request, LONGEST_ANSWER).await
    }
}

impl CredentialStore for HttpStore {
    fn name(&self) -> Cow<'static, str> {
        self.0.name.clone()
    }

    async fn verify_password(&self, login: PasswordLogin, session: &Session) -> Result<Verdict, StoreError> {
        let Some(question) = Question::new(&login, session) else { return Ok(Verdict::Refused) };
        let answer = self.ask(question).await?;
        match answer.status {
            StatusCode::OK => answer.json::<Said>()?.verdict(),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Ok(Verdict::Refused),
            _ => Err(answer.unexpected()),
        }
    }
}

impl Said {
    fn verdict(self) -> Result<Verdict, StoreError> {
        match self {
            Self { ok: true, name: None, .. } => Ok(Verdict::Accepted),
            Self { ok: true, name: Some(name), .. } => match prepare(&name) {
                Some(name) => Ok(Verdict::AcceptedAs(name.into_owned())),
                None => Err(StoreError::new("the answer names nobody who can be")),
            },
            Self { expired: true, .. } => Ok(Verdict::Expired),
            Self { .. } => Ok(Verdict::Refused),
        }
    }
}

impl fmt::Debug for HttpStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpStore").field("endpoint", &self.0.endpoint).finish_non_exhaustive()
    }
}
