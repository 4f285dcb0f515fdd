use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;
use smtp_core::{BodyError, BodyErrorKind};

use crate::storage;

/// How much is read at once.
const PIECE: u64 = 64 * 1024;

/// A file without a name.
#[derive(Debug)]
pub(crate) struct SpoolFile {
    file: File,
    len: u64,
}

impl SpoolFile {
    pub(super) fn create(directory: &Path) -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile_in(directory)?, len: 0 })
    }

    /// A file that is written already.
    #[cfg(feature = "sqlite")]
    pub(crate) fn of(file: File, len: u64) -> Self {
        Self { file, len }
    }

    pub(super) fn append(&mut self, octets: &[u8]) -> io::Result<()> {
        self.file.write_all(octets)?;
        self.len += octets.len() as u64;
        Ok(())
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The content from its start. Readers have positions of their own: any number may read at
    /// the same time.
    pub(crate) fn read(this: Arc<Self>) -> impl Stream<Item = Result<Bytes, BodyError>> + Send + 'static {
        futures::stream::unfold(0, move |at| {
            let file = this.clone();
            async move {
                if at >= file.len {
                    return None;
                }
                match storage::blocking(move || file.piece(at)).await {
                    Ok(piece) => {
                        let end = at + piece.len() as u64;
                        Some((Ok(piece), end))
                    }
                    Err(error) => {
                        tracing::error!(%error, "spooled message cannot be read");
                        Some((Err(BodyErrorKind::Disconnected.into()), u64::MAX))
                    }
                }
            }
        })
    }

    fn piece(&self, at: u64) -> io::Result<Bytes> {
        let length = PIECE.min(self.len.saturating_sub(at));
        let mut piece = vec![0; usize::try_from(length).unwrap_or_default()];
        self.file.read_exact_at(&mut piece, at)?;
        Ok(piece.into())
    }
}
