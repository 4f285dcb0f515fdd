//! Budgets of one session: how much a client may ask for before it is sent away.
//!
//! A client that only makes mistakes, guesses addresses or never stops to ask costs as much as one
//! that sends mail. RFC 5321 section 4.5.3.1 leaves such limits to the server; 421 lets an honest
//! client come back.
//!
//! ```
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{Reply, Request};
//! use smtp_policy::SessionLimitsLayer;
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let stack = ServiceBuilder::new()
//!     .layer(SessionLimitsLayer::new().errors(2))
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(550, "5.1.1 who?")) }));
//!
//! let facts = facts();
//! let mut codes = Vec::new();
//! for _ in 0..3 {
//!     let reply = stack.clone().oneshot(request("RCPT TO:<guess@example.org>", facts.session())).await?;
//!     codes.push(reply.code().get());
//! }
//! assert_eq!(codes, [550, 550, 421]);
//! # Ok(())
//! # }
//! ```

mod layer;
mod service;
#[cfg(test)]
mod tests;

pub use layer::SessionLimitsLayer;
pub use service::SessionLimitsService;
