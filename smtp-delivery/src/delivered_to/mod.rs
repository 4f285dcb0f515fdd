//! The `Delivered-To:` field of final delivery, and the loops that it shows.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use smtp_core::testing::{RecordingDelivery, facts, recipient, sender};
//! use smtp_core::{Envelope, Message};
//! use smtp_delivery::DeliveredToLayer;
//! use tower::{Layer, ServiceExt};
//!
//! let mailboxes = RecordingDelivery::new();
//! let delivery = DeliveredToLayer::new().layer(mailboxes.clone());
//! let send = |content: Vec<u8>| {
//!     let mut envelope = Envelope::new(sender("joe@example.org"));
//!     envelope.recipients.push(recipient("jane@example.org"));
//!     let message = Message::new(Arc::new(envelope), content.into(), facts().session().clone());
//!     delivery.clone().oneshot(message)
//! };
//! send(b"Subject: hello\r\n\r\n".to_vec()).await?;
//! let delivered = mailboxes.messages()[0].content.clone();
//! assert_eq!(delivered, b"Delivered-To: jane@example.org\r\nSubject: hello\r\n\r\n");
//!
//! // Jane forwards her mail to an address that forwards it to her.
//! let outcomes = send(delivered).await?;
//! assert_eq!(outcomes.fold().to_string(), "554 5.4.6 mail for this address goes in circles");
//! # Ok::<(), smtp_core::BoxError>(()) }).unwrap();
//! ```

mod layer;
mod service;

pub use layer::DeliveredToLayer;
pub use service::DeliveredTo;
