//! Tokens whose signature is verified.

mod builder;
mod key_set;
mod keys;
mod source;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

pub use builder::JwtStoreBuilder;
use jsonwebtoken::{Algorithm, Header, Validation};
use key_set::Key;
use keys::Keys;
use smtp_core::Session;

use super::{Claims, LONGEST_TOKEN, TokenRules, accept};
use crate::store::{CredentialStore, StoreError, TokenLogin, Verdict};

/// How far clocks may be apart, in seconds.
const LEEWAY: u64 = 30;

/// A store of signed tokens (JSON Web Tokens, RFC 7519 and RFC 9068), verified by the server's public
/// keys.
///
/// The keys come from a JWK set (RFC 7517), from a file or from the server itself, and are read again
/// every five minutes unless told, and when a token names a key that is not among them; for such tokens
/// once in half a minute at most. A server that is away does no harm as long as its keys are known and
/// not older than a day.
///
/// Signatures are RS, PS and ES with SHA-256 or SHA-384, RS and PS with SHA-512, and EdDSA with Ed25519.
/// Tokens without one, or with one by a shared secret, are not taken, whatever the key set holds, and
/// each key does for its own kind of signature alone. A token has to say when it expires; clocks may be
/// half a minute apart.
///
/// Cheap to clone.
///
/// ```
/// use smtp_auth::{AuthLayer, JwtStore, TokenRules};
///
/// let rules = TokenRules::new("email")
///     .issuer("https://login.example.org")
///     .audience("smtp.example.org")
///     .scope("mail.send");
/// let store = JwtStore::url("https://login.example.org/jwks", rules).build()?;
/// let layer = AuthLayer::new(store);
/// # Ok::<(), smtp_auth::OauthError>(())
/// ```
#[derive(Clone)]
pub struct JwtStore(Arc<Inner>);

struct Inner {
    name: Cow<'static, str>,
    rules: TokenRules,
    keys: Keys,
}

impl JwtStore {
    /// Reads the key set now: whether it is there and has keys.
    ///
    /// # Errors
    /// If not; the error says why.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.0.keys.current().await.map(drop)
    }

    async fn verify(&self, token: &[u8]) -> Result<Option<String>, StoreError> {
        let Some(header) = acceptable_header(token) else { return Ok(None) };
        let keys = self.0.keys.for_token(&header).await?;
        let mut fitting = keys.fitting(&header);
        Ok(fitting.find_map(|key| self.name_in(token, header.alg, key)))
    }

    /// The user's name, if this key signed the token and it is good here and now.
    fn name_in(&self, token: &[u8], algorithm: Algorithm, key: &Key) -> Option<String> {
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        validation.set_issuer(&self.0.rules.issuers);
        validation.set_audience(&self.0.rules.audiences);
        let claims = jsonwebtoken::decode::<Claims>(token, &key.decoding, &validation).ok()?.claims;
        self.0.rules.name_of(&claims).map(str::to_owned)
    }
}

/// The header of a token that may be good: its signature is one by a public key, it is an access token,
/// and nothing in it is critical that is not understood (RFC 7515 section 4.1.11).
fn acceptable_header(token: &[u8]) -> Option<Header> {
    if token.len() > LONGEST_TOKEN {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    let kind = header.typ.as_deref().unwrap_or("JWT").to_ascii_lowercase();
    // RFC 8725 section 3.11: other kinds are signed by the same keys and for other purposes.
    let is_access_token = matches!(kind.trim_start_matches("application/"), "jwt" | "at+jwt");
    let is_symmetric = matches!(header.alg, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512);
    (is_access_token && !is_symmetric && header.crit.is_none()).then_some(header)
}

impl CredentialStore for JwtStore {
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
        let name = self.verify(login.token.expose()).await?;
        Ok(name.map_or(Verdict::Refused, |name| accept(&name)))
    }
}

impl fmt::Debug for JwtStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtStore").field("rules", &self.0.rules).finish_non_exhaustive()
    }
}
