//! What is odd about how a client calls itself, and about what the DNS calls it.
//!
//! Each [`Suspicion`] can be refused (at RCPT), noted for layers behind this one, or left alone. Who logged in
//! is not looked at: its computer is called whatever it is called. Neither is mail for the postmaster (RFC 5321
//! section 4.5.1).
//!
//! RFC 5321 section 4.1.4 forbids to refuse mail because the name in HELO is not that of the address, and
//! nothing here does. What is refused by default is only what no client has a reason for: to call itself as
//! this server is called, or by an address that it does not have.
//!
//! ```
//! use smtp_core::testing::{facts, request, sender};
//! use smtp_core::{BoxError, Capabilities, Hello, Reply, Request};
//! use smtp_policy::hello_checks::{HelloChecksLayer, Measure, Suspicion, Suspicions};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let checks = HelloChecksLayer::new().on(Suspicion::HelloUnqualified, Measure::Note);
//! let stack = ServiceBuilder::new()
//!     .layer(checks)
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.0.0 ok")) }));
//!
//! let mut facts = facts(); // of a server called server.example
//! for (hello, code) in [("server.example", 550), ("laptop", 250), ("mx.example.net", 250)] {
//!     facts.set_hello(Hello::extended(hello.parse::<smtp_core::Domain>()?), Capabilities::new());
//!     stack.clone().oneshot(request("MAIL FROM:<ann@example.net>", facts.session())).await?;
//!     facts.start_transaction(sender("ann@example.net"));
//!     let noted = facts.session().transaction().get::<Suspicions>().unwrap_or_default();
//!     assert_eq!(noted.has(Suspicion::HelloUnqualified), hello == "laptop");
//!     let reply = stack.clone().oneshot(request("RCPT TO:<joe@example.org>", facts.session())).await?;
//!     assert_eq!(reply.code(), code, "{hello}");
//! }
//! # Ok(())
//! # }
//! ```

mod guard;
mod layer;
mod suspicion;
#[cfg(test)]
mod tests;

pub use guard::HelloGuard;
pub use layer::HelloChecksLayer;
pub use suspicion::{Measure, Suspicion, Suspicions};
