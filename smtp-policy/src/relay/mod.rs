//! Who may send where: the layer that gives each recipient its [`Route`](smtp_core::Route).
//!
//! A recipient of a local domain is for everybody. One of a foreign domain is for clients that
//! authenticated and for those of trusted networks; strangers get `550 5.7.1`. The server behind
//! accepts only recipients with a route, so that without this layer it accepts nothing.
//!
//! Nobody is trusted for being near: loopback and private addresses are strangers until they are
//! named, because behind a TLS wrapper or a port forwarder everybody comes from there.
//!
//! ```
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{Identity, Reply, Request};
//! use smtp_policy::RelayLayer;
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let relay = RelayLayer::new()
//!     .local_domains(["example.org".parse()?, ".example.org".parse()?])
//!     .trusted_networks(["2001:db8:17::/48".parse()?]);
//! let stack = ServiceBuilder::new()
//!     .layer(relay)
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.1.5 ok")) }));
//!
//! let mut facts = facts();
//! let here = request("RCPT TO:<joe@lists.example.org>", facts.session());
//! assert_eq!(stack.clone().oneshot(here).await?.code(), 250);
//!
//! let elsewhere = request("RCPT TO:<joe@example.net>", facts.session());
//! let reply = stack.clone().oneshot(elsewhere).await?;
//! assert_eq!(reply.to_string(), "550 5.7.1 relaying denied for example.net");
//!
//! facts.set_identity(Identity::new("alice", "SCRAM-SHA-256"));
//! let elsewhere = request("RCPT TO:<joe@example.net>", facts.session());
//! assert_eq!(stack.oneshot(elsewhere).await?.code(), 250);
//! # Ok(())
//! # }
//! ```

mod layer;
mod rules;
mod service;
#[cfg(test)]
mod tests;

pub use layer::RelayLayer;
pub use service::RelayService;
