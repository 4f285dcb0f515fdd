//! STARTTLS (RFC 3207) as a layer.
//!
//! The layer offers STARTTLS in the answer to EHLO until the session is protected, and answers
//! the command with 220 and the upgrade. The driver of the connection does the rest: it hands the
//! transport over, never interprets what a client sent in the clear behind the command, and
//! forgets what it learnt before.
//!
//! ```
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{BoxError, Reply, Request, Transport, Upgraded};
//! use smtp_tls::StartTlsLayer;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! // Mostly a `ServerTls`; any other upgrade will do.
//! let upgrade = |_: Transport| async { Err::<Upgraded, BoxError>("out of order".into()) };
//! let stack = ServiceBuilder::new()
//!     .layer(StartTlsLayer::new(upgrade))
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "hello")) }));
//!
//! let reply = stack.oneshot(request("STARTTLS", facts().session())).await?;
//! assert_eq!(reply.to_string(), "220 2.0.0 ready to start TLS");
//! # Ok(())
//! # }
//! ```

mod layer;
mod service;
#[cfg(test)]
mod tests;

pub use layer::StartTlsLayer;
pub use service::StartTlsService;
