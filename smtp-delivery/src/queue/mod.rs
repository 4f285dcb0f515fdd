//! A queue in front of any delivery: a message is acknowledged once it is durable, and delivered
//! afterwards, as often as it takes.
//!
//! [`Queue::new`] gives two halves. The [`Queue`] is a delivery service itself: it answers `250 2.0.0
//! queued as ..`. The [`Worker`] is a future that the application runs; it calls the inner delivery,
//! again and again at growing intervals until each recipient has the message or has failed, and tells the
//! sender of failures and delays. A [`QueueHandle`] is the operator's.
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! use std::sync::Arc;
//! use smtp_core::testing::{RecordingDelivery, facts, recipient, sender};
//! use smtp_core::{Envelope, Message, Route};
//! use smtp_delivery::queue::{MemoryStore, Queue};
//! use tower::ServiceExt;
//!
//! let delivery = RecordingDelivery::new(); // `ByRoute`, for example
//! let (queue, worker) = Queue::new(MemoryStore::new(), delivery.clone());
//!
//! let mut envelope = Envelope::new(sender("joe@example.org"));
//! envelope.recipients.push(recipient("jane@example.net").routed(Route::Relay));
//! let message = Message::new(Arc::new(envelope), "\r\nhello\r\n".into(), facts().session().clone());
//! let reply = queue.clone().oneshot(message).await?.fold();
//! assert!(reply.text().starts_with("queued as "));
//!
//! let handle = queue.handle();
//! worker.run_until(async move { handle.drained().await }).await?;
//! assert_eq!(delivery.messages()[0].content, b"\r\nhello\r\n");
//! # Ok::<(), smtp_core::BoxError>(()) }).unwrap();
//! ```
//!
//! # What is promised
//! What was answered with 250 is delivered, or its sender hears that it was not, whenever the process
//! ends, as far as the [`Store`] keeps what it acknowledged. A process that ends between the next hop's
//! answer and the note of it delivers once more: rarely twice, never not at all.
//!
//! # Who waits for whom
//! Recipients of one message that have the same *destination* are delivered together; see
//! [`Builder::destination`]. Each destination has its own limits and is left alone when it does not
//! answer ([`Limits`]); none waits for another. At one destination, messages go by priority (RFC 6710),
//! and then so that a sender of many does not keep waiting a sender of few.

mod builder;
mod entry;
mod front;
mod handle;
mod judge;
mod limits;
mod notices;
mod schedule;
mod scheduler;
mod shared;
pub mod store;
#[cfg(test)]
mod tests;
mod turns;
mod worker;

pub use builder::{Builder, Capacity, by_domain};
pub use entry::{Ended, Entry, Job, JobKey, Origin, Pending};
pub use front::Queue;
pub use handle::QueueHandle;
pub use limits::Limits;
pub use schedule::RetrySchedule;
#[cfg(feature = "postgres")]
pub use store::postgres::{PostgresOptions, PostgresStore};
pub use store::{MemoryStore, Store, StoreError};
#[cfg(feature = "sqlite")]
pub use store::{SqliteOptions, SqliteStore};
pub use worker::Worker;
