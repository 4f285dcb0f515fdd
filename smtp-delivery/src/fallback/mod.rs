//! A second delivery for what the first one cannot deliver now.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use smtp_core::testing::{RecordingDelivery, facts, recipient, sender};
//! use smtp_core::{BodyError, Envelope, Message, Reply};
//! use smtp_delivery::Fallback;
//! use tower::{ServiceExt, service_fn};
//!
//! let away = service_fn(|_: Message| async { Ok::<_, BodyError>(Reply::new(451, "4.4.1 away").into()) });
//! let other_site = RecordingDelivery::new();
//!
//! let mut envelope = Envelope::new(sender("joe@example.org"));
//! envelope.recipients.push(recipient("jane@example.org"));
//! let message = Message::new(Arc::new(envelope), "hello\r\n".into(), facts().session().clone());
//! let outcomes = Fallback::new(away, other_site.clone()).oneshot(message).await?;
//! assert_eq!(outcomes.fold().code(), 250);
//! assert_eq!(other_site.messages()[0].content, b"hello\r\n");
//! # Ok::<(), smtp_core::BoxError>(()) }).unwrap();
//! ```

mod service;

pub use service::Fallback;
