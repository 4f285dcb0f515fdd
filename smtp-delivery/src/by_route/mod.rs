//! Local recipients to one delivery, the others to another.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use smtp_core::testing::{RecordingDelivery, facts, recipient, sender};
//! use smtp_core::{Envelope, Message, Route};
//! use smtp_delivery::ByRoute;
//! use tower::ServiceExt;
//!
//! let (local, relay) = (RecordingDelivery::new(), RecordingDelivery::new());
//! let mut envelope = Envelope::new(sender("joe@example.com"));
//! envelope.recipients.push(recipient("jane@example.org").routed(Route::Local));
//! envelope.recipients.push(recipient("jim@example.net").routed(Route::Relay));
//! let message = Message::new(Arc::new(envelope), "hello\r\n".into(), facts().session().clone());
//! ByRoute::new(local.clone(), relay.clone()).oneshot(message).await?;
//!
//! assert_eq!(local.messages()[0].envelope.recipients[0].to_string(), "<jane@example.org>");
//! assert_eq!(relay.messages()[0].envelope.recipients[0].to_string(), "<jim@example.net>");
//! assert_eq!(relay.messages()[0].content, b"hello\r\n");
//! # Ok::<(), smtp_core::BoxError>(()) }).unwrap();
//! ```

mod service;

pub use service::ByRoute;
