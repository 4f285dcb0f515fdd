//! Slow answers for clients that make mistakes.
//!
//! Who guesses addresses or passwords lives by the number of guesses. The first mistakes of a session
//! are free, then each refusal takes longer than the one before it. Honest clients hardly notice.
//!
//! ```
//! use std::time::Duration;
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{Reply, Request};
//! use smtp_policy::TarpitLayer;
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! let stack = ServiceBuilder::new()
//!     .layer(TarpitLayer::new().free(1).delay(Duration::from_secs(2)))
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(550, "5.1.1 who?")) }));
//!
//! let (facts, begin) = (facts(), tokio::time::Instant::now());
//! for seconds in [0, 2, 6] {
//!     stack.clone().oneshot(request("RCPT TO:<guess@example.org>", facts.session())).await?;
//!     assert_eq!(begin.elapsed().as_secs(), seconds);
//! }
//! # Ok(())
//! # }
//! ```

mod future;
mod layer;
mod service;
#[cfg(test)]
mod tests;

pub use future::TarpitFuture;
pub use layer::TarpitLayer;
pub use service::TarpitService;
