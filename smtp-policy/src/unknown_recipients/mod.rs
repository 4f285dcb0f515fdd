//! Guessing addresses is soon over.
//!
//! A recipient whom nobody knows (`550 5.1.1`, or another status of the form `5.1.x` but for those about senders,
//! `5.1.7` and `5.1.8`) uses up a budget: of the
//! session, which ends with 421, and of the client, whose recipients are refused for a while (450) without a
//! look at whether there are such. Who logged in guesses as much as it likes.
//!
//! ```
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{BoxError, Reply, Request};
//! use smtp_policy::UnknownRecipientsLayer;
//! use smtp_policy::rate_limit::Rate;
//! use smtp_policy::state::in_memory;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let stack = ServiceBuilder::new()
//!     .layer(UnknownRecipientsLayer::new(in_memory()).per_client(Rate::hourly(2)))
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(550, "5.1.1 who?")) }));
//!
//! let mut codes = Vec::new();
//! for _ in 0..3 {
//!     let facts = facts(); // each in a session of its own
//!     let reply = stack.clone().oneshot(request("RCPT TO:<guess@example.org>", facts.session())).await?;
//!     codes.push(reply.code().get());
//! }
//! assert_eq!(codes, [550, 550, 450]);
//! # Ok(())
//! # }
//! ```

mod guard;
mod layer;
#[cfg(test)]
mod tests;

pub use guard::UnknownRecipientsGuard;
pub use layer::UnknownRecipientsLayer;
