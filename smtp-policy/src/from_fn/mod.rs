//! A function around the rest of the stack, which sees each command and its reply.
//!
//! ```
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{BoxError, Reply, Request};
//! use smtp_policy::{Next, from_fn};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! /// Says no more than the code.
//! async fn terse(request: Request, next: Next) -> Result<Reply, BoxError> {
//!     let reply = next.run(request).await?;
//!     Ok(if reply.is_permanent() { reply.with_text("no") } else { reply })
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let refuse = |_: Request| async { Ok::<_, BoxError>(Reply::new(550, "5.1.1 joe moved out")) };
//! let stack = ServiceBuilder::new().layer(from_fn(terse)).service(service_fn(refuse));
//!
//! let reply = stack.oneshot(request("RCPT TO:<joe@example.org>", facts().session())).await?;
//! assert_eq!(reply.to_string(), "550 5.1.1 no");
//! # Ok(())
//! # }
//! ```

mod future;
mod into_reply;
mod layer;
mod next;
mod service;
#[cfg(test)]
mod tests;

pub use future::FromFnFuture;
pub use into_reply::IntoReply;
pub use layer::{FromFnLayer, from_fn};
pub use next::Next;
pub use service::FromFnService;
