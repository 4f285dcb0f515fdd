use std::io;

use smtp_core::BoxError;

/// A store in a database cannot be set up.
///
/// That the database is away is no such error: each login tries anew.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlStoreError {
    /// The address of the database is malformed. The text holds nothing of it, as there may be a
    /// password in it.
    #[error("the address of the database is malformed: {0}")]
    Address(#[source] BoxError),
    /// The certificates to trust cannot be read.
    #[error(transparent)]
    Trust(BoxError),
    /// The system gives no thread for the database.
    #[error("no thread for the database: {0}")]
    Thread(#[source] io::Error),
}
