//! Tools for testing whole stacks: connections in memory, and sessions written as transcripts, in
//! the language of [`transcript`](fn@transcript).
//!
//! ```
//! # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
//! use smtp_server::Deliver;
//! use smtp_server::testing::{RecordingDelivery, connect, transcript};
//!
//! let client = connect(Deliver::new(RecordingDelivery::new()));
//! transcript(client, "
//!     S: 220 ...
//!     C: EHLO client.example
//!     S: 250*
//!     C: MAIL FROM:<>
//!     C: RCPT TO:<joe@example.org>
//!     S: 250 2.1.0 sender OK
//!     S: 550 5.7.1 relaying denied
//!     C: QUIT
//!     S: 221 2.0.0 bye
//!     S: (closed)
//! ").await;
//! # });
//! ```

mod as_lmtp;
mod transcript;

pub use smtp_core::testing::*;
pub use transcript::{Transcript, transcript};

use std::net::SocketAddr;

use smtp_core::{BoxError, ConnectionInfo, Peer, Reply, Request, SmtpService};
use tokio::io::DuplexStream;
use tower::ServiceExt as _;
use tower::util::BoxService;

use crate::Connection;

/// The facts of a connection from 192.0.2.1 to `server.example`.
pub fn info() -> ConnectionInfo {
    ConnectionInfo::new(Peer::Ip(SocketAddr::from(([192, 0, 2, 1], 50_000))), domain("server.example"))
}

/// A connection in memory to a server of this stack, which runs in a task of its own.
///
/// # Panics
/// Outside a tokio runtime. The server's task panics if the connection ends out of order.
pub fn connect<S: SmtpService>(service: S) -> DuplexStream {
    connect_with(info(), service)
}

/// The same with these facts of the connection.
///
/// # Panics
/// As [`connect`].
pub fn connect_with<S: SmtpService>(info: ConnectionInfo, service: S) -> DuplexStream {
    connect_boxed(info, BoxService::new(service.map_err(Into::into)))
}

/// All stacks of tests are one type here, for which the driver is compiled once: not with each test.
fn connect_boxed(info: ConnectionInfo, service: BoxService<Request, Reply, BoxError>) -> DuplexStream {
    let (client, server) = tokio::io::duplex(64 * 1024);
    tokio::spawn(Connection::new(server, info, service));
    client
}
