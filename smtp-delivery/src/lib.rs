//! Deliveries as services: trace fields, Maildir, relaying to a next hop, routing.
//!
//! Almost everything here is of the *delivery tier*: a tower `Service<Message, Response = Outcomes>`, or
//! a layer around one (see [`smtp_core::DeliveryService`]).
//!
//! | | |
//! |---|---|
//! | [`ReceivedLayer`] | puts the `Received:` field in front of the message |
//! | [`ReturnPathLayer`] | puts the `Return-Path:` field in front of the message |
//! | [`DeliveredToLayer`] | puts the `Delivered-To:` field in front of the message, and sees loops by it |
//! | [`SubmissionLayer`] | sets messages of users right |
//! | [`HopLimitLayer`] | refuses messages that go in circles |
//! | [`Maildir`] | delivers into mailboxes of files, durably |
//! | [`Relay`] | passes messages on to another SMTP server |
//! | [`Proxy`] | passes each command on while the client waits, in both tiers |
//! | [`Lmtp`] | delivers into another program's mailboxes |
//! | [`Queue`] | acknowledges what is durable, and delivers it as often as it takes |
//! | [`Pipe`] | hands messages to a program |
//! | `Webhook` (feature `http`) | posts messages to a web service |
//! | [`ByRoute`] | local recipients to one delivery, the others to another |
//! | [`Router`] | each recipient to a delivery of its own, by address, domain or condition |
//! | [`Fallback`] | a second delivery for what the first one defers |
//! | [`TeeLayer`] | a copy of every message to a second delivery |
//! | [`RewriteLayer`] | rewrites the addresses of envelopes |
//! | [`Discard`] | reads messages and forgets them |
//! | [`Notifier`](bounce::Notifier) | writes bounces and other notifications of what became of messages |
//! | [`EtrnLayer`] | hands ETRN to a function, in the session tier |
//! | [`Spooled`] | a body that can be read several times |
//!
//! An outcome is a [`Reply`](smtp_core::Reply) for each recipient; what failed for a reason of
//! the delivery's own is a 4xx outcome with a generic text, the facts go to `tracing`. An error is
//! returned only if the body ended with one: the message was not received then.

mod address;
pub mod bounce;
mod by_route;
mod content;
pub mod delivered_to;
mod discard;
mod etrn;
pub mod fallback;
mod header;
mod hop_limit;
pub mod lmtp;
pub mod maildir;
mod outcome;
pub mod pipe;
pub mod proxy;
pub mod queue;
mod received;
pub mod relay;
mod return_path;
pub mod rewrite;
pub mod router;
mod split;
mod spooled;
mod storage;
pub mod submission;
pub mod tee;
#[cfg(feature = "http")]
pub mod webhook;

pub use by_route::ByRoute;
pub use delivered_to::DeliveredToLayer;
pub use discard::{Discard, DiscardFuture};
pub use etrn::{Etrn, EtrnLayer, EtrnService};
pub use fallback::Fallback;
pub use hop_limit::{HopLimit, HopLimitLayer};
pub use lmtp::Lmtp;
pub use maildir::Maildir;
pub use pipe::Pipe;
pub use proxy::Proxy;
pub use queue::Queue;
pub use received::{Received, ReceivedLayer, TraceId, TraceIdError};
pub use relay::Relay;
pub use return_path::{ReturnPath, ReturnPathLayer};
pub use rewrite::RewriteLayer;
pub use router::Router;
pub use spooled::{SpoolOptions, Spooled};
pub use submission::SubmissionLayer;
pub use tee::TeeLayer;
#[cfg(feature = "http")]
pub use webhook::Webhook;

// The recipes are compiled with the documentation.
#[cfg(all(doctest, feature = "http"))]
#[doc = include_str!("../../docs/deliveries.md")]
mod recipes {}
