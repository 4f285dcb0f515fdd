//! The `Received:` trace field (RFC 5321 section 4.4).
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use smtp_core::testing::{RecordingDelivery, facts, recipient, sender};
//! use smtp_core::{Envelope, Message};
//! use smtp_delivery::{ReceivedLayer, TraceId};
//! use tower::{Layer, ServiceExt};
//!
//! let mailbox = RecordingDelivery::new();
//! let delivery = ReceivedLayer::new().layer(mailbox.clone());
//!
//! let mut envelope = Envelope::new(sender("joe@example.org"));
//! envelope.recipients.push(recipient("jane@example.org"));
//! let session = facts().session().clone();
//! let message = Message::new(Arc::new(envelope), "\r\nhello\r\n".into(), session.clone());
//! delivery.oneshot(message).await?;
//!
//! let content = String::from_utf8(mailbox.messages()[0].content.clone()).unwrap();
//! let id = session.transaction().get::<TraceId>().unwrap();
//! let expected = format!(
//!     "Received: from client.example ([192.0.2.1])\r\n\
//!      \tby server.example with ESMTP id {id}\r\n\
//!      \tfor <jane@example.org>; "
//! );
//! assert!(content.starts_with(&expected));
//! assert!(content.ends_with("\r\n\r\nhello\r\n"));
//! # Ok::<(), smtp_core::BodyError>(()) }).unwrap();
//! ```

mod field;
mod id;
mod service;

pub use id::{TraceId, TraceIdError};
pub use service::{Received, ReceivedLayer};
