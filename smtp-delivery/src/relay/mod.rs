//! Passing messages on to another SMTP server (RFC 5321 section 3.6).
//!
//! A [`Relay`] streams each message to a fixed next hop, with PIPELINING where it is offered, and
//! answers what the next hop answers, for each recipient. TLS and AUTH come in from outside, by
//! [`Relay::tls`] and [`Relay::auth`]. Nothing is stored: who wants the client
//! to be answered before the next hop, puts a queue in front.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use smtp_core::testing::{facts, recipient, sender};
//! use smtp_core::{Envelope, Message, Transport};
//! use smtp_delivery::Relay;
//! use tokio::io::AsyncWriteExt;
//! use tower::ServiceExt;
//!
//! // A next hop that turns everybody away. `Relay::to("mx.example.org", 25)` connects to a real one.
//! let relay = Relay::over(|| async {
//!     let (near, mut far) = tokio::io::duplex(1024);
//!     far.write_all(b"554 no service here\r\n").await?;
//!     Ok(Transport::new(near))
//! });
//!
//! let mut envelope = Envelope::new(sender("joe@example.org"));
//! envelope.recipients.push(recipient("jane@example.org"));
//! let message = Message::new(Arc::new(envelope), "\r\nhello\r\n".into(), facts().session().clone());
//! let outcomes = relay.oneshot(message).await?;
//! assert_eq!(outcomes.fold().to_string(), "451 4.3.0 next hop takes no messages now");
//! # Ok::<(), smtp_core::BodyError>(()) }).unwrap();
//! ```

mod auth;
mod chunks;
pub(crate) mod connection;
pub(crate) mod content;
mod deliver;
pub(crate) mod failure;
mod farewell;
pub(crate) mod hello;
mod hop;
mod lease;
mod limits;
mod long_lines;
pub mod mx;
mod next_hop;
mod offers;
mod open;
pub(crate) mod pass_on;
mod pool;
mod progress;
pub(crate) mod rewind;
mod route;
mod service;
mod settings;
mod source;
pub(crate) mod stepwise;
mod timeouts;
mod tls;
mod transaction;

pub use long_lines::LongLines;
pub use next_hop::{Connect, NextHop};
pub use pool::{Pool, PoolOptions};
pub use service::Relay;
pub use source::Source;
use source::Sources;
pub use timeouts::Timeouts;
