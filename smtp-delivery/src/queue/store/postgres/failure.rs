//! What failures of the database are to a queue.

use std::error::Error as _;
use std::fmt;
use std::io;

use deadpool_postgres::PoolError;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

use crate::queue::StoreError;

/// What the server said, or that it said nothing. The text leaves out the values, which are of mail.
#[derive(Debug)]
struct Failed(Error);

pub(super) fn failed(error: Error) -> StoreError {
    let is_full = error.code() == Some(&SqlState::DISK_FULL);
    let failed = Failed(error);
    if is_full {
        return StoreError::Io(io::Error::new(io::ErrorKind::StorageFull, failed));
    }
    StoreError::other(failed)
}

pub(super) fn no_connection(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => failed(error),
        error => StoreError::other(error),
    }
}

/// Whether the row of this node is gone: the others believe that it is dead.
pub(super) fn is_of_the_dead(error: &StoreError) -> bool {
    code(error) == Some(&SqlState::FOREIGN_KEY_VIOLATION)
}

/// Whether there is such a row already.
pub(super) fn is_taken(error: &StoreError) -> bool {
    code(error) == Some(&SqlState::UNIQUE_VIOLATION)
}

/// Whether two have each waited for the other: nothing was done, and it may be tried again at once.
pub(super) fn is_deadlock(error: &StoreError) -> bool {
    code(error) == Some(&SqlState::T_R_DEADLOCK_DETECTED)
}

/// Whether the database has refused a statement for what it says: others may do better. Where it cannot be
/// reached, has no room or takes too long, they would not.
pub(super) fn is_of_one(error: &StoreError) -> bool {
    // Connection exception, insufficient resources, operator intervention.
    code(error).is_some_and(|code| !["08", "53", "57"].iter().any(|class| code.code().starts_with(class)))
}

/// The same for somebody else.
pub(super) fn copy(error: &StoreError) -> StoreError {
    match error {
        StoreError::Io(error) => io::Error::new(error.kind(), error.to_string()).into(),
        StoreError::Other(error) | StoreError::Final(error) => StoreError::other(error.to_string()),
        StoreError::Body(error) => StoreError::other(error.to_string()),
    }
}

fn code(error: &StoreError) -> Option<&SqlState> {
    let StoreError::Other(error) = error else { return None };
    error.downcast_ref::<Failed>()?.0.code()
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.as_db_error(), self.0.source()) {
            (Some(said), _) => write!(f, "{}: {} ({})", said.severity(), said.message(), said.code().code()),
            (None, Some(cause)) => write!(f, "{}: {cause}", self.0),
            (None, None) => self.0.fmt(f),
        }
    }
}

impl std::error::Error for Failed {}
