//! The server's side of a session.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::Duration;

use smtp_server::{Connection, ConnectionError};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// More polls than any session needs: time stands still for a connection that wakes itself over
/// and over.
const MAX_POLLS: usize = 1_000_000;

/// Drives the connection, and shuts it down after a while.
pub(crate) fn spawn(
    mut connection: Connection,
    shutdown: Option<Duration>,
) -> JoinHandle<Result<(), ConnectionError>> {
    let mut bell = shutdown.map(|after| Box::pin(sleep(after)));
    let mut polls = 0;
    tokio::spawn(poll_fn(move |cx| {
        polls += 1;
        assert!(polls < MAX_POLLS, "the connection spins");
        if bell.as_mut().is_some_and(|bell| bell.as_mut().poll(cx).is_ready()) {
            bell = None;
            connection.graceful_shutdown();
        }
        Pin::new(&mut connection).poll(cx)
    }))
}
