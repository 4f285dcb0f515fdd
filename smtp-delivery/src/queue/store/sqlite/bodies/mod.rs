//! Contents that are too large for the database.
//!
//! A file gets its name at once: until the database has a row for the message nobody looks for it, and
//! what lies there without a row when the store is opened is removed.

mod draft;
mod files;
#[cfg(test)]
mod power;

use std::collections::HashSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use smtp_core::Body;

pub(super) use draft::{Draft, Unneeded};

use self::files::{Disk, Files};
use super::StoreError;
use crate::TraceId;
use crate::spooled::SpoolFile;
use crate::storage;

/// How much is collected before it is written.
const PIECE: usize = 256 << 10;

/// The files.
#[derive(Debug, Clone)]
pub(super) struct Bodies(Arc<dyn Files>);

/// A content that was received whole.
pub(super) enum Content {
    Inline(Bytes),
    File(Draft),
}

impl Content {
    pub(super) fn octets(&self) -> u64 {
        match self {
            Self::Inline(octets) => octets.len() as u64,
            Self::File(draft) => draft.octets(),
        }
    }
}

impl Bodies {
    pub(super) fn new(path: &Path) -> io::Result<Self> {
        Ok(Self(Arc::new(Disk::new(path)?)))
    }

    /// Reads a body to its end: into memory up to so many octets, else into a file.
    pub(super) async fn take(
        &self,
        id: TraceId,
        mut body: Body,
        inline: usize,
    ) -> Result<Content, StoreError> {
        let mut collected = BytesMut::new();
        let mut draft = None;
        while let Some(chunk) = body.next().await {
            let chunk = chunk?;
            let limit = if draft.is_some() { PIECE } else { inline };
            if collected.len() + chunk.len() <= limit {
                collected.extend_from_slice(&chunk);
                continue;
            }
            draft = Some(self.append(draft, id, [collected.split().freeze(), chunk], false).await?);
        }
        Ok(match draft {
            None => Content::Inline(collected.freeze()),
            Some(draft) => {
                let last = [collected.freeze(), Bytes::new()];
                Content::File(self.append(Some(draft), id, last, true).await?)
            }
        })
    }

    /// Writes to the file, which is made first if there is none.
    async fn append(
        &self,
        draft: Option<Draft>,
        id: TraceId,
        pieces: [Bytes; 2],
        last: bool,
    ) -> Result<Draft, StoreError> {
        let files = self.0.clone();
        let written = storage::blocking(move || {
            let mut draft = match draft {
                Some(draft) => draft,
                None => Draft::create(&files, id)?,
            };
            for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
                draft.append(piece)?;
            }
            if last {
                draft.sync()?;
            }
            Ok(draft)
        });
        written.await.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => StoreError::taken(id),
            _ => error.into(),
        })
    }

    /// Makes the names of all files durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.0.sync_directory()
    }

    /// The content of a message that has a file of so many octets.
    pub(super) fn open(&self, id: TraceId, octets: u64) -> io::Result<Body> {
        let file = self.0.open(id.as_str())?;
        let found = file.metadata()?.len();
        if found != octets {
            let error = format!("the file of {id} has {found} octets in the place of {octets}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        Ok(Body::from_stream(SpoolFile::read(Arc::new(SpoolFile::of(file, octets)))))
    }

    /// The file of a message that leaves the queue.
    pub(super) fn unneeded(&self, id: TraceId) -> Unneeded {
        Unneeded::new(&self.0, id)
    }

    /// Removes the files of messages that are not in the queue. Gives those that should be there and are
    /// not.
    pub(super) fn sweep(&self, mut needed: HashSet<String>) -> io::Result<HashSet<String>> {
        for name in self.0.names()? {
            if !needed.remove(&name) {
                tracing::info!(name, "file of a message that was not acknowledged removed");
                self.0.remove(&name)?;
            }
        }
        Ok(needed)
    }
}
