//! What a submission server may set right in messages of its users (RFC 6409 section 8).
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use smtp_core::testing::{RecordingDelivery, facts, recipient, sender};
//! use smtp_core::{Envelope, Message};
//! use smtp_delivery::SubmissionLayer;
//! use tower::{Layer, ServiceExt};
//!
//! let queue = RecordingDelivery::new();
//! let submission = SubmissionLayer::new().strict().layer(queue.clone());
//!
//! let mut envelope = Envelope::new(sender("joe@example.org"));
//! envelope.recipients = ["jane@example.org", "jim@example.org"].map(recipient).into();
//! let content = "From: joe@example.org\r\nTo: jane@example.org\r\nBcc: jim@example.org\r\n\r\nhello\r\n";
//! let message = Message::new(Arc::new(envelope), content.into(), facts().session().clone());
//! submission.oneshot(message).await?;
//!
//! let content = String::from_utf8(queue.messages()[0].content.clone()).unwrap();
//! assert!(content.starts_with("From: joe@example.org\r\nTo: jane@example.org\r\nDate: "));
//! assert!(content.contains("\r\nMessage-ID: <") && content.ends_with("@server.example>\r\n\r\nhello\r\n"));
//! # Ok::<(), smtp_core::BoxError>(()) }).unwrap();
//! ```

mod addresses;
mod fix;
mod layer;
mod sane;
mod service;

pub use layer::{Bcc, SubmissionLayer};
pub use service::Submission;
