//! VRFY and EXPN (RFC 5321 section 3.5) answered from a directory, for those who may ask.
//!
//! Who else asks learns nothing: `550 5.7.1` with the client's own name, whatever it asked for. Those
//! who may ask are clients that authenticated and those of trusted networks, as for
//! [`RelayLayer`](crate::RelayLayer).
//!
//! To VRFY, RFC 5321 section 7.3 would have a server that does not tell answer 252. This answer is that
//! of Sendmail's `check_vrfy`, which says why; a server without the layer answers 252.
//!
//! ```
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{Identity, Reply, Request};
//! use smtp_policy::{Entry, ExpandLayer, StaticDirectory};
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let directory = StaticDirectory::new()
//!     .user(Entry::new("joe@example.org".parse()?).named("Joe Doe"))
//!     .list("staff@example.org".parse()?, ["joe@example.org".parse()?, "ann@example.net".parse()?]);
//! let stack = ServiceBuilder::new()
//!     .layer(ExpandLayer::new(directory))
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "hello")) }));
//!
//! let mut facts = facts();
//! let reply = stack.clone().oneshot(request("EXPN staff", facts.session())).await?;
//! assert_eq!(reply.to_string(), "550 5.7.1 client.example [192.0.2.1]: EXPN not allowed");
//!
//! facts.set_identity(Identity::new("alice", "SCRAM-SHA-256"));
//! let reply = stack.oneshot(request("EXPN staff", facts.session())).await?;
//! let lines: Vec<_> = reply.lines().collect();
//! assert_eq!(lines, ["Joe Doe <joe@example.org>", "<ann@example.net>"]);
//! # Ok(())
//! # }
//! ```

mod directory;
mod entry;
mod layer;
mod reply;
mod service;
mod static_directory;
#[cfg(test)]
mod tests;

pub use directory::{Directory, Verification};
pub use entry::Entry;
pub use layer::ExpandLayer;
pub use service::ExpandService;
pub use static_directory::StaticDirectory;
