use std::path::PathBuf;
use std::sync::Arc;

use smtp_core::Reply;

use super::quota::{Refused, Usage};
use crate::storage;

/// Where one copy of a message goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) mailbox: Arc<PathBuf>,
    /// One of its folders.
    pub(super) folder: Option<String>,
    /// How much the mailbox may hold.
    pub(super) usage: Option<Usage>,
}

impl Target {
    /// The directory that has `tmp` and `new`.
    pub(super) fn directory(&self) -> PathBuf {
        match &self.folder {
            Some(folder) => self.mailbox.join(folder),
            None => PathBuf::clone(&self.mailbox),
        }
    }
}

/// What a refusal means to the client.
pub(super) fn reply(refused: &Refused, defer: bool) -> Reply {
    match refused {
        Refused::Storage(error) => storage::reply(error),
        Refused::TooLarge => Reply::new(552, "5.2.3 message too large for this mailbox"),
        Refused::Full if defer => Reply::new(452, "4.2.2 mailbox full, try again later"),
        Refused::Full => Reply::new(552, "5.2.2 mailbox full"),
    }
}
