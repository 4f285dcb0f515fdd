use std::io;

use rusqlite::ErrorCode;
use rusqlite::ffi::SQLITE_IOERR_SHMSIZE;

use crate::queue::StoreError;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Io(io::Error::new(io::ErrorKind::StorageFull, error)),
            // SQLite tells a full disk apart but for one file: the index of its log.
            Some(ErrorCode::SystemIoFailure) if extended_code(&error) == Some(SQLITE_IOERR_SHMSIZE) => {
                Self::Io(io::Error::new(io::ErrorKind::StorageFull, error))
            }
            Some(ErrorCode::SystemIoFailure) => Self::Io(io::Error::other(error)),
            // It is damaged, or its tables and indexes are not those that were made: a statement is not
            // understood then, which SQLite has no code of its own for.
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::Unknown) => {
                Self::Final(error.into())
            }
            _ => Self::other(error),
        }
    }
}

fn extended_code(error: &rusqlite::Error) -> Option<i32> {
    error.sqlite_error().map(|error| error.extended_code)
}

impl StoreError {
    /// Somebody else writes into the database, and does not end.
    pub(super) fn is_busy(&self) -> bool {
        let Self::Other(error) = self else { return false };
        let error = error.downcast_ref::<rusqlite::Error>();
        error.is_some_and(|error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy))
    }

    /// There is no room on the disk.
    pub(super) fn is_full(&self) -> bool {
        matches!(self, Self::Io(error)
            if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded))
    }
}
