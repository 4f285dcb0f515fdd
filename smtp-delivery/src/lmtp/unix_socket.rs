use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use smtp_core::client::Destination;
use smtp_core::{BoxFuture, Transport};
use tokio::net::UnixStream;

use crate::relay::Connect;

/// The port that logs name, though a path has none: that of private mail systems, which LMTP often has.
const PORT: u16 = 24;

/// A socket in the file system.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UnixSocket {
    path: Arc<Path>,
}

impl UnixSocket {
    /// The socket at this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into().into() }
    }
}

impl Connect for UnixSocket {
    fn connect(&self) -> BoxFuture<io::Result<Transport>> {
        let path = self.path.clone();
        Box::pin(async move { Ok(Transport::new(UnixStream::connect(path).await?)) })
    }

    fn destination(&self) -> Destination {
        Destination::new(self.path.to_string_lossy(), PORT)
    }
}
