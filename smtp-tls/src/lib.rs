//! TLS for mail servers: certificates, implicit TLS, and STARTTLS as a layer.
//!
//! [`ServerTls`] holds a certificate and does the handshake. Where TLS begins with the connection
//! (port 465) the listener is given it; where it begins with STARTTLS (ports 25 and 587) a
//! [`StartTlsLayer`] is. What a session then knows of its protection is a
//! [`TlsInfo`](smtp_core::TlsInfo).
//!
//! Clients may be asked for certificates, by session; several certificates are chosen by name and by kind
//! of key; all of them are read again while sessions go on. [`RelayTls`] is the client's side: what is
//! demanded of next hops, by a table, DANE and MTA-STS.
//!
//! TLS 1.2 and 1.3 are spoken, and nothing older. Peers that know nothing better send mail in the
//! clear or not at all; on port 25 that is their choice.
//!
//! ```
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{Reply, Request};
//! use smtp_tls::{ServerTls, StartTlsLayer};
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! # let issued = rcgen::generate_simple_self_signed(["mx.example.org".to_owned()])?;
//! # let (certificate, key) = (issued.cert.pem(), issued.signing_key.serialize_pem());
//! let tls = ServerTls::from_pem(certificate.as_bytes(), key.as_bytes())?;
//! let stack = ServiceBuilder::new()
//!     .layer(StartTlsLayer::new(tls).required())
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "ok")) }));
//!
//! let facts = facts();
//! let reply = stack.clone().oneshot(request("EHLO client.example", facts.session())).await?;
//! assert!(reply.effects().unwrap().capabilities.get("STARTTLS").is_some());
//! let reply = stack.clone().oneshot(request("MAIL FROM:<>", facts.session())).await?;
//! assert_eq!(reply.code(), 530);
//! let reply = stack.oneshot(request("STARTTLS", facts.session())).await?;
//! assert_eq!(reply.code(), 220);
//! assert!(reply.effects().unwrap().upgrade.is_some());
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `aws-lc-rs` (on by default) or `ring`: the library that does the cryptography. With neither, what the
//!   process has installed in rustls.
//! - `self-signed`: making of self-signed certificates.
//! - `acme`: certificates from a CA that speaks ACME.
//! - `dane`, `mta-sts`: what domains publish about TLS, for the client's side.

#[cfg(feature = "acme")]
mod acme;
mod authority;
mod certificate;
mod cipher_suite;
pub mod client;
#[cfg(feature = "dane")]
mod dane;
#[cfg(any(feature = "dane", feature = "mta-sts"))]
mod dns;
mod error;
mod info;
#[cfg(feature = "mta-sts")]
mod mta_sts;
#[cfg(test)]
mod pki;
mod policy;
mod provider;
#[cfg(all(feature = "self-signed", any(feature = "aws-lc-rs", feature = "ring")))]
mod self_signed;
mod server;
mod signature;
pub mod start_tls;

#[cfg(feature = "acme")]
pub use acme::Acme;
pub use authority::Authorities;
#[doc(inline)]
pub use client::{Demand, RelayTls, RelayTlsBuilder};
#[cfg(feature = "dane")]
pub use dane::Dane;
#[cfg(any(feature = "dane", feature = "mta-sts"))]
pub use dns::DnsResolver;
pub use error::TlsError;
#[cfg(feature = "mta-sts")]
pub use mta_sts::MtaSts;
pub use policy::{TlsPolicy, TlsVersion};
pub use provider::PROVIDER;
#[cfg(all(feature = "self-signed", any(feature = "aws-lc-rs", feature = "ring")))]
pub use self_signed::SelfSigned;
pub use server::{ClientCertificates, ServerTls, ServerTlsBuilder};
#[doc(inline)]
pub use start_tls::StartTlsLayer;
