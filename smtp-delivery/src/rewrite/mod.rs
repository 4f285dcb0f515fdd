//! Rewriting of the addresses in envelopes: virtual domains, canonical addresses, masquerading. What
//! stands in the message itself is not touched.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use smtp_core::testing::{RecordingDelivery, domain, facts, recipient, sender};
//! use smtp_core::{Envelope, Message};
//! use smtp_delivery::rewrite::{AddressTable, RewriteLayer};
//! use tower::{Layer, ServiceExt};
//!
//! let virtual_domains = AddressTable::new()
//!     .address(&"sales@example.com".parse()?, ["jane@example.org".parse()?, "jim@example.org".parse()?])
//!     .domain(domain("old.example.org"), domain("example.org"))
//!     .closed(domain("example.com"));
//! let hosts = AddressTable::new().masquerade(domain("example.org"));
//!
//! let mailboxes = RecordingDelivery::new();
//! let delivery =
//!     RewriteLayer::new().recipients(virtual_domains).senders(hosts).layer(mailboxes.clone());
//!
//! let mut envelope = Envelope::new(sender("joe@host7.example.org"));
//! envelope.recipients =
//!     ["sales@example.com", "ann@old.example.org", "nobody@example.com"].map(recipient).into();
//! let message = Message::new(Arc::new(envelope), "hello\r\n".into(), facts().session().clone());
//! let outcomes = delivery.oneshot(message).await?;
//! assert_eq!(outcomes.fold().to_string(), "550 5.1.1 no such user here");
//!
//! let envelope = &mailboxes.messages()[0].envelope;
//! assert_eq!(envelope.sender.to_string(), "<joe@example.org>");
//! let recipients: Vec<_> = envelope.recipients.iter().map(ToString::to_string).collect();
//! assert_eq!(recipients, ["<jane@example.org>", "<jim@example.org>", "<ann@example.org>"]);
//! # Ok::<(), smtp_core::BoxError>(()) }).unwrap();
//! ```

mod address_map;
mod layer;
mod rewritten;
mod service;
mod table;

pub use address_map::{AddressMap, Mapped};
pub use layer::RewriteLayer;
pub use service::Rewrite;
pub use table::AddressTable;
