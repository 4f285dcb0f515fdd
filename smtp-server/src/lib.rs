//! A framework for SMTP servers that are stacked from tower layers: the connection driver, the
//! accept loop, and one door to all the other crates.
//!
//! ```no_run
//! use smtp_server::{Connections, Deliver, ServerInfo, Shared, serve};
//! # use smtp_core::testing::RecordingDelivery;
//!
//! # async fn run() -> std::io::Result<()> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let stack = Deliver::new(RecordingDelivery::new());
//! let info = ServerInfo::new("mx.example.org".parse::<smtp_server::Domain>().unwrap());
//! serve(Connections::new(listener, info), Shared::new(stack)).await
//! # }
//! ```
//!
//! # Features
//!
//! `tls`, `auth`, `policy` and `delivery` (all on by default) re-export the crates of these names
//! as modules. `self-signed` adds the making of certificates. `testing` adds tools for testing
//! stacks, as the module of that name. `systemd` takes sockets from systemd. `aws-lc-rs` (on by default) or
//! `ring` is the cryptography of TLS. `sqlite` keeps a queue, and what policies remember, in files, and finds
//! users and aliases in one. `postgres` keeps a queue that several nodes share in PostgreSQL, and asks it for users
//! and aliases.

mod builder;
mod connection;
mod deliver;
mod error_reply;
mod options;
mod serve;
#[cfg(feature = "testing")]
pub mod testing;

pub use builder::ServiceBuilderExt;
pub use connection::{Connection, ConnectionError};
pub use deliver::{Deliver, DeliverFuture};
pub use options::Options;
#[cfg(feature = "systemd")]
pub use serve::systemd_sockets;
pub use serve::{BindOptions, Connections, Listener, ProxyProtocol, Serve, ServerInfo, Socket, serve};
#[cfg(feature = "auth")]
#[doc(no_inline)]
pub use smtp_auth as auth;
#[doc(no_inline)]
pub use smtp_core::*;
#[cfg(feature = "delivery")]
#[doc(no_inline)]
pub use smtp_delivery as delivery;
#[cfg(feature = "policy")]
#[doc(no_inline)]
pub use smtp_policy as policy;
#[cfg(feature = "tls")]
#[doc(no_inline)]
pub use smtp_tls as tls;
#[doc(no_inline)]
pub use tower::make::Shared;

// The README's snippets are compiled with the documentation's.
#[cfg(all(doctest, feature = "policy", feature = "self-signed"))]
#[doc = include_str!("../../README.md")]
mod readme {}
