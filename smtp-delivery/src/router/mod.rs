//! Each recipient to a delivery of its own: by address, domain, condition or route.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use smtp_core::testing::{RecordingDelivery, domain, facts, recipient, sender};
//! use smtp_core::{Envelope, Message};
//! use smtp_delivery::Router;
//! use tower::ServiceExt;
//!
//! let (tickets, mailboxes, relay) =
//!     (RecordingDelivery::new(), RecordingDelivery::new(), RecordingDelivery::new());
//! let router = Router::new()
//!     .addresses(["support@example.org".parse()?], tickets.clone())
//!     .domains([domain("example.org"), domain("example.com")], mailboxes.clone())
//!     .otherwise(relay.clone());
//!
//! let mut envelope = Envelope::new(sender("joe@example.com"));
//! envelope.recipients = ["jane@example.org", "Support@example.org", "jim@example.net"].map(recipient).into();
//! let message = Message::new(Arc::new(envelope), "hello\r\n".into(), facts().session().clone());
//! router.oneshot(message).await?;
//!
//! for (delivery, address) in
//!     [(tickets, "<Support@example.org>"), (mailboxes, "<jane@example.org>"), (relay, "<jim@example.net>")]
//! {
//!     assert_eq!(delivery.messages()[0].envelope.recipients[0].to_string(), address);
//! }
//! # Ok::<(), smtp_core::BoxError>(()) }).unwrap();
//! ```

mod service;
mod table;

pub use service::Router;
