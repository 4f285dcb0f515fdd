//! AUTH as a layer: SASL mechanisms and credential stores.
//!
//! [`AuthLayer`] offers AUTH (RFC 4954) and answers it by the [mechanisms](Mechanism) for which a
//! [`CredentialStore`] has what they need: from EXTERNAL and SCRAM with channel binding over bearer
//! tokens to PLAIN, and if they are named CRAM-MD5, DIGEST-MD5 and ANONYMOUS too. [`UserFile`] is a
//! store that needs nothing but a text file; [`verify_fn`] makes one of an async function.
//!
//! What is safe is the default: passwords in the clear are neither offered nor taken outside TLS,
//! failed attempts are slow and few, an unknown name is answered like a wrong password, nobody acts
//! for another, and what a client says is neither printed nor logged, but for the name.
//!
//! # A stack
//!
//! ```
//! use std::convert::Infallible;
//! use std::sync::Arc;
//!
//! use smtp_auth::{AuthLayer, Verdict, verify_fn};
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{Reply, Request, TlsInfo};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Infallible> {
//! let alice = verify_fn(|login, _session| async move {
//!     Ok(Verdict::from(login.name == "alice" && login.password.expose() == b"correct horse"))
//! });
//! let stack = ServiceBuilder::new()
//!     .layer(AuthLayer::new(alice))
//!     .service(service_fn(|_: Request| async { Ok::<_, Infallible>(Reply::new(250, "ok")) }));
//!
//! // Without TLS there is no mechanism left to offer.
//! let mut facts = facts();
//! let reply = stack.clone().oneshot(request("EHLO client.example", facts.session())).await?;
//! assert!(reply.effects().is_none());
//!
//! facts.set_tls(Arc::new(TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256)));
//! let mut reply = stack.clone().oneshot(request("EHLO client.example", facts.session())).await?;
//! assert_eq!(reply.capabilities_mut().get("AUTH").unwrap().arguments(), "PLAIN LOGIN");
//!
//! // base64 of "\0alice\0correct horse"
//! let auth = request("AUTH PLAIN AGFsaWNlAGNvcnJlY3QgaG9yc2U=", facts.session());
//! let mut reply = stack.oneshot(auth).await?;
//! assert_eq!(reply.to_string(), "235 2.7.0 authentication succeeded");
//! assert_eq!(reply.take_effects().identity.unwrap().name(), "alice");
//! # Ok(()) }
//! ```

mod cache;
mod chain;
pub mod client;
#[cfg(unix)]
mod dovecot;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
mod http_client;
mod layer;
#[cfg(all(unix, feature = "ldap"))]
mod ldap;
mod mechanism;
#[cfg(feature = "oauth")]
mod oauth;
#[cfg(all(unix, feature = "pam"))]
mod pam;
mod password;
mod sasl;
#[cfg(unix)]
mod saslauthd;
mod saslprep;
mod scram;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod sql;
mod store;
mod throttle;
#[cfg(any(feature = "http", feature = "ldap", feature = "postgres"))]
mod trust;
mod user_file;

pub use cache::Cached;
pub use chain::Chain;
#[cfg(unix)]
pub use dovecot::DovecotAuth;
#[cfg(feature = "http")]
pub use http::{HttpStore, HttpStoreBuilder, HttpStoreError};
#[cfg(feature = "http")]
pub use http_client::{EndpointError, HttpOptions};
pub use layer::{AuthLayer, AuthService, Originator};
#[cfg(all(unix, feature = "ldap"))]
pub use ldap::{Ldap, LdapServer, LdapTemplateError, LdapUsers};
pub use mechanism::Mechanism;
#[cfg(feature = "oauth")]
pub use oauth::{
    IntrospectionStore, IntrospectionStoreBuilder, JwtStore, JwtStoreBuilder, OauthError, TokenRules,
};
#[cfg(all(unix, feature = "pam"))]
pub use pam::Pam;
#[cfg(unix)]
pub use saslauthd::Saslauthd;
pub use scram::{ScramCost, ScramHash, ScramKeys};
#[cfg(feature = "postgres")]
pub use sql::VerifiedTls;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
pub use sql::{SqlStore, SqlStoreBuilder, SqlStoreError};
pub use store::{
    BoxCredentialStore, CredentialStore, PasswordLogin, StoreError, TokenLogin, Verdict, VerifyFn, verify_fn,
};
pub use throttle::{ClientNetwork, FailureRate, Throttle, ThrottleLimits};
#[cfg(any(feature = "http", feature = "ldap", feature = "postgres"))]
pub use trust::{TrustError, TrustedRoots};
pub use user_file::{UserFile, UserFileError};

/// The recipes, as tests.
#[cfg(all(
    doctest,
    unix,
    feature = "ldap",
    feature = "oauth",
    feature = "pam",
    feature = "postgres",
    feature = "sqlite"
))]
#[doc = include_str!("../../docs/credential-stores.md")]
struct Recipes;
