//! What kernel and tokio cost by themselves: a server that finds line ends, looks at the first
//! letter of a command and answers with constants. It parses, limits and logs nothing. It drops each
//! message, or appends it to a [`Log`] that is on disk before the answer.

mod log;
mod serve;

use std::io;

pub use log::{Log, Logged};
pub use serve::serve;

/// What becomes of the messages of a connection.
pub trait Messages: Send {
    /// A piece of a message came.
    fn add(&mut self, piece: &[u8]);

    /// The message is whole, and answered when this is over.
    fn end(&mut self) -> impl Future<Output = io::Result<()>> + Send;
}

/// They are dropped.
#[derive(Debug, Clone, Copy)]
pub struct Dropped;

impl Messages for Dropped {
    fn add(&mut self, _: &[u8]) {}

    async fn end(&mut self) -> io::Result<()> {
        Ok(())
    }
}
