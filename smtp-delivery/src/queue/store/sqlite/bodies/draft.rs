use std::fs::File;
use std::io;
use std::sync::Arc;

use super::files::Files;
use crate::TraceId;

/// The file of a message that is not in the queue yet. Dropping it removes it.
#[derive(Debug)]
pub(in super::super) struct Draft {
    name: TraceId,
    file: File,
    octets: u64,
    unneeded: Unneeded,
}

impl Draft {
    pub(super) fn create(files: &Arc<dyn Files>, name: TraceId) -> io::Result<Self> {
        let file = files.create(name.as_str())?;
        Ok(Self { name, file, octets: 0, unneeded: Unneeded::new(files, name) })
    }

    pub(super) fn append(&mut self, octets: &[u8]) -> io::Result<()> {
        self.octets += octets.len() as u64;
        self.unneeded.files.append(self.name.as_str(), &mut self.file, octets)
    }

    /// Makes the content durable. The name is so with the [next sync](super::Bodies::sync).
    pub(super) fn sync(&self) -> io::Result<()> {
        self.unneeded.files.sync(self.name.as_str(), &self.file)
    }

    pub(in super::super) fn octets(&self) -> u64 {
        self.octets
    }

    /// The message is in the queue: the file stays.
    pub(in super::super) fn keep(self) {
        self.unneeded.keep();
    }
}

/// The file of a message that is not in the queue any more. Dropping it removes it.
#[derive(Debug)]
pub(in super::super) struct Unneeded {
    files: Arc<dyn Files>,
    name: TraceId,
    kept: bool,
}

impl Unneeded {
    pub(super) fn new(files: &Arc<dyn Files>, name: TraceId) -> Self {
        Self { files: files.clone(), name, kept: false }
    }

    pub(in super::super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Unneeded {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if let Err(error) = self.files.remove(self.name.as_str()) {
            tracing::warn!(id = %self.name, %error, "file of a message stays until the queue is opened next");
        }
    }
}
