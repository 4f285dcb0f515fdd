//! Mail without a sender: bounces and notifications, and what pretends to be.
//!
//! ```
//! use smtp_core::testing::{facts, recipient, request, sender};
//! use smtp_core::{Reply, Request};
//! use smtp_policy::NullSenderLayer;
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let stack = ServiceBuilder::new()
//!     .layer(NullSenderLayer::new())
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.1.5 ok")) }));
//! let mut facts = facts();
//! facts.start_transaction(sender(""));
//! for code in [250, 452] {
//!     let reply = stack.clone().oneshot(request("RCPT TO:<joe@example.org>", facts.session())).await?;
//!     assert_eq!(reply.code(), code);
//!     facts.add_recipient(recipient("joe@example.org"));
//! }
//! # Ok(())
//! # }
//! ```

mod layer;
mod service;
#[cfg(test)]
mod tests;

pub use layer::NullSenderLayer;
pub use service::NullSenderService;
