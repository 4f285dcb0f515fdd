mod database;
mod queue;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use database::Database;
use queue::Queue;
use smtp_core::{BoxError, BoxFuture};

use super::{StateChange, StateKey, StateStore, clock};

/// How many entries of each space are kept unless told otherwise.
const MOST: u64 = 200_000;

/// Keeps a SQLite database (feature `sqlite`), which outlives the process. Cheap to clone.
///
/// Changes that come together are one transaction, written on the runtime's blocking pool; sessions wait for
/// it. The database has a write-ahead log and `synchronous=NORMAL`: what was answered survives the end of the
/// process, however it ends, and a crash of the whole machine may take the last moments along, never the
/// database. That is enough for counters, and costs no wait for the disk. The file is its owner's alone, and
/// several processes may share it.
///
/// Of each space 200,000 entries are kept; what ran out is swept, and what runs out first goes when there are
/// more.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), smtp_core::BoxError> {
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("state.sqlite");
/// use smtp_policy::state::{SqliteState, State};
///
/// let state = State::new(SqliteState::open(&path)?); // "/var/lib/smtpd/state.sqlite"
/// # let _ = state;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct SqliteState {
    queue: Arc<Queue>,
}

impl SqliteState {
    /// Opens the database, or makes one. Blocks.
    ///
    /// # Errors
    /// If it cannot be opened or made, or if another version of this program made it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, BoxError> {
        Self::open_with(path, MOST)
    }

    /// The same with so many entries of each space. Blocks.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_with(path: impl AsRef<Path>, most: u64) -> Result<Self, BoxError> {
        let path = path.as_ref();
        let database = Database::open(path, most.max(1), Box::new(clock()))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { queue: Arc::new(Queue::new(database)) })
    }
}

impl StateStore for SqliteState {
    fn update(&self, key: StateKey, change: StateChange) -> BoxFuture<Result<(), BoxError>> {
        let answer = self.queue.push(key, change);
        Box::pin(async move { answer?.await.map_err(|_| "the store ended before its answer")? })
    }
}

impl fmt::Debug for SqliteState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteState")
    }
}
