//! How many connections at once: of an address, a network or an account.
//!
//! The listener's own limits (`max_connections_per_client` of `smtp-server`) are for the server's sake, and
//! turn away before a stack is asked. These are the site's: for networks too, for accounts, and as Sendmail's
//! access map says. A connection counts from its first moment until it ends, STARTTLS or not; that of an
//! account from AUTH on, and no longer than the account is logged in.
//!
//! ```
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{BoxError, Reply, Request};
//! use smtp_policy::ConnectionLimitLayer;
//! use smtp_policy::rate_limit::By;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let stack = ServiceBuilder::new()
//!     .layer(ConnectionLimitLayer::new().limit(By::NETWORK, 2))
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(220, "hello")) }));
//!
//! let (first, second, third) = (facts(), facts(), facts()); // of clients at 192.0.2.1
//! stack.clone().oneshot(request("", first.session())).await?;
//! stack.clone().oneshot(request("", second.session())).await?;
//! let reply = stack.clone().oneshot(request("", third.session())).await?;
//! assert_eq!(reply.to_string(), "421 4.7.0 too many connections from 192.0.2.0/24 at once: 2 at most");
//! drop(first);
//! assert_eq!(stack.oneshot(request("", third.session())).await?.code(), 220);
//! # Ok(())
//! # }
//! ```

mod guard;
mod layer;
mod open;
#[cfg(test)]
mod tests;

pub use guard::ConnectionGuard;
pub use layer::ConnectionLimitLayer;
