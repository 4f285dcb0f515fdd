//! Who may send as whom: the addresses that authenticated users may use, in MAIL and in the header.
//!
//! Whoever knows one password of a site could otherwise send as everybody there. The layer looks at MAIL,
//! and, while the message comes in, at `From:`, `Sender:` and the newest `Resent-From:` and
//! `Resent-Sender:`; what it cannot understand there it refuses. Sessions without an identity are not its
//! matter.
//!
//! ```
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{Identity, Reply, Request};
//! use smtp_policy::SenderRulesLayer;
//! use tower::{BoxError, ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let rules = SenderRulesLayer::new()
//!     .own_addresses(["example.org".parse()?]) // alice is alice@example.org ..
//!     .allow("alice", ["sales@example.org".parse()?, "@.shop.example".parse()?]);
//! let stack = ServiceBuilder::new()
//!     .layer(rules)
//!     .service(service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.1.0 ok")) }));
//!
//! let mut facts = facts();
//! facts.set_identity(Identity::new("alice", "SCRAM-SHA-256"));
//! for (line, code) in [
//!     ("MAIL FROM:<alice@example.org>", 250),
//!     ("MAIL FROM:<alice+lists@example.org>", 250),
//!     ("MAIL FROM:<sales@example.org>", 250),
//!     ("MAIL FROM:<info@eu.shop.example>", 250),
//!     ("MAIL FROM:<bob@example.org>", 553),
//! ] {
//!     let reply = stack.clone().oneshot(request(line, facts.session())).await?;
//!     assert_eq!(reply.code(), code, "{line}");
//! }
//! # Ok(())
//! # }
//! ```

mod header;
mod layer;
mod mailbox_list;
mod pattern;
mod rules;
mod service;
#[cfg(test)]
mod tests;

pub use layer::SenderRulesLayer;
pub use pattern::{SenderPattern, SenderPatternError};
pub use service::SenderRulesService;
