//! Logging in at other servers: the client's side of AUTH.
//!
//! An [`AuthClient`] fills the place that a relay keeps for it
//! ([`ClientAuth`](smtp_core::client::ClientAuth)). It takes [`Credentials`] from a
//! [`CredentialSource`]: the same for all, those of a table [by destination](ByDestination), or what
//! an async function says. Of the mechanisms that the server offers it takes the strongest: SCRAM tied
//! to the TLS session before SCRAM, that before CRAM-MD5, and PLAIN and LOGIN last; for tokens
//! OAUTHBEARER before XOAUTH2; EXTERNAL for certificates.
//!
//! What shows the password or the token is not said outside TLS unless that is
//! [told](Credentials::plaintext_without_tls). With SCRAM the server has to prove that it knows the
//! password too; one that says "welcome" without is not believed.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), smtp_core::BoxError> {
//! use std::sync::Arc;
//! use smtp_auth::client::{AuthClient, Credentials};
//! use smtp_core::TlsInfo;
//! use smtp_core::client::{AuthOffer, ClientAuth, Destination};
//!
//! let client = AuthClient::new(Credentials::password("alice", "correct horse"));
//! let offer = AuthOffer::new(Destination::new("smtp.example.net", 587), vec!["PLAIN".to_owned()]);
//! let refused = client.begin(offer.clone()).await.err().unwrap();
//! assert_eq!(refused.to_string(), "without TLS, PLAIN would show the secret");
//!
//! let tls = TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256);
//! let mut exchange = client.begin(offer.tls(Arc::new(tls))).await?.unwrap();
//! assert_eq!(exchange.mechanism(), "PLAIN");
//! assert_eq!(exchange.initial_response()?.unwrap().expose(), b"\0alice\0correct horse");
//! # Ok(()) }
//! ```

mod auth_client;
mod by_destination;
mod choice;
mod credentials;
mod error;
mod exchange;
mod source;

pub use auth_client::AuthClient;
pub use by_destination::ByDestination;
pub use credentials::Credentials;
pub use source::CredentialSource;
