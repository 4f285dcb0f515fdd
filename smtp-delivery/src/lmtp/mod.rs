//! Delivery by LMTP (RFC 2033), into the mailboxes of Dovecot, Cyrus and others.
//!
//! An [`Lmtp`] streams each message over TCP or a Unix socket, with PIPELINING where it is offered. The
//! server answers for each recipient: what it took for one is delivered, whatever it says of the others,
//! and whatever becomes of the connection afterwards.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use smtp_core::testing::{facts, recipient, sender};
//! use smtp_core::{Envelope, Message};
//! use smtp_delivery::Lmtp;
//! use tower::ServiceExt;
//!
//! let mailboxes = Lmtp::unix("/run/nobody/lmtp");
//!
//! let mut envelope = Envelope::new(sender("joe@example.org"));
//! envelope.recipients.push(recipient("jane@example.org"));
//! let message = Message::new(Arc::new(envelope), "\r\nhello\r\n".into(), facts().session().clone());
//! // There is nobody at this socket; somebody may come.
//! let outcomes = mailboxes.oneshot(message).await?;
//! assert_eq!(outcomes.fold().to_string(), "451 4.4.1 next hop does not answer");
//! # Ok::<(), smtp_core::BodyError>(()) }).unwrap();
//! ```

mod service;
mod unix_socket;

pub use service::Lmtp;
pub use unix_socket::UnixSocket;
