//! A copy of every message to a second delivery: an archive, a journal, a test system.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use smtp_core::testing::{RecordingDelivery, facts, recipient, sender};
//! use smtp_core::{Envelope, Message};
//! use smtp_delivery::TeeLayer;
//! use tower::{Layer, ServiceExt};
//!
//! let (mailboxes, archive) = (RecordingDelivery::new(), RecordingDelivery::new());
//! let delivery = TeeLayer::new(archive.clone())
//!     .recipients([recipient("archive@example.org")])
//!     .required()
//!     .layer(mailboxes.clone());
//!
//! let mut envelope = Envelope::new(sender("joe@example.org"));
//! envelope.recipients.push(recipient("jane@example.org"));
//! let message = Message::new(Arc::new(envelope), "hello\r\n".into(), facts().session().clone());
//! delivery.oneshot(message).await?;
//!
//! assert_eq!(mailboxes.messages()[0].envelope.recipients[0].to_string(), "<jane@example.org>");
//! assert_eq!(archive.messages()[0].envelope.recipients[0].to_string(), "<archive@example.org>");
//! assert_eq!(archive.messages()[0].content, b"hello\r\n");
//! # Ok::<(), smtp_core::BoxError>(()) }).unwrap();
//! ```

mod layer;
mod service;

pub use layer::TeeLayer;
pub use service::Tee;
