use std::io;

use rusqlite::ErrorCode;

use crate::queue::StoreError;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Io(io::Error::new(io::ErrorKind::StorageFull, error)),
            Some(ErrorCode::SystemIoFailure) => Self::Io(io::Error::other(error)),
            _ => Self::other(error),
        }
    }
}

impl StoreError {
    /// There is no room on the disk.
    pub(super) fn is_full(&self) -> bool {
        matches!(self, Self::Io(error)
            if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }
}
