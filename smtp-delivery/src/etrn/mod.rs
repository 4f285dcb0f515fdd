//! ETRN (RFC 1985): a client that is not always connected asks for the mail that waits for it.
//!
//! The layer reads the command and hands it to a function, which starts a queue and says what the
//! client is told: 250 or, with a number of messages, 253 once it is on its way; 251 if nothing
//! waits; 458 if it cannot be done now; 459 if this client may not.
//!
//! ```
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{Reply, Request, Session};
//! use smtp_delivery::{Etrn, EtrnLayer};
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let stack = ServiceBuilder::new()
//!     .layer(EtrnLayer::new(|node: Etrn, session: Session| async move {
//!         match (node, session.login()) {
//!             (Etrn::Domain(domain), Some(_)) => Reply::new(250, format!("2.0.0 mail for {domain} started")),
//!             _ => Reply::new(459, "4.7.1 not for you"),
//!         }
//!     }))
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "ok")) }));
//! let reply = stack.oneshot(request("ETRN example.org", facts().session())).await?;
//! assert_eq!(reply.code(), 459);
//! # Ok(())
//! # }
//! ```

mod layer;
mod node;
mod service;
#[cfg(test)]
mod tests;

pub use layer::EtrnLayer;
pub use node::Etrn;
pub use service::EtrnService;
