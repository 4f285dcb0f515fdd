use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use smtp_core::{BoxError, Mailbox};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::open;
use crate::aliases::Users;
use crate::aliases::users::looked_up;

/// How long a client waits, with those who wait in front of it.
const LONGEST: Duration = Duration::from_secs(5);
/// How many steps of SQLite's virtual machine pass between two looks at the clock.
const STEPS: i32 = 10_000;

/// Users in a SQLite database. Cheap to clone.
///
/// The query has one parameter, `$1`, to which the address is bound, `joe@example.org`, its domain in
/// ASCII, with small letters for capital ones of ASCII: it never becomes part of the text. Who is found has a mailbox, whatever the row says.
///
/// It is asked on the blocking pool, once at a time, and each lookup is bounded to five seconds; where the
/// database is away, clients are told to come again.
#[derive(Clone)]
pub struct SqliteUsers {
    path: PathBuf,
    query: Arc<str>,
    connection: Arc<Mutex<Option<Connection>>>,
}

impl SqliteUsers {
    /// Asks the database at this path by this query. Blocks.
    ///
    /// # Errors
    /// If there is no such database, or the query does not fit it.
    pub fn open(path: impl AsRef<Path>, query: impl Into<Arc<str>>) -> Result<Self, BoxError> {
        let (path, query) = (path.as_ref().to_owned(), query.into());
        let connection = open(&path)?;
        if connection.prepare(&query)?.parameter_count() != 1 {
            return Err(format!("{}: the query has not exactly one parameter, $1", path.display()).into());
        }
        Ok(Self { path, query, connection: Arc::new(Mutex::new(Some(connection))) })
    }
}

impl Users for SqliteUsers {
    async fn has_mailbox(&self, mailbox: &Mailbox) -> Result<bool, BoxError> {
        let Some(address) = looked_up(mailbox) else { return Ok(false) };
        let deadline = Instant::now() + LONGEST;
        let mut place = timeout(LONGEST, Arc::clone(&self.connection).lock_owned()).await?;
        let (path, query) = (self.path.clone(), Arc::clone(&self.query));
        tokio::task::spawn_blocking(move || {
            // After an error it is made anew: the file may be another.
            let mut connection = match place.take() {
                Some(connection) => connection,
                None => open(&path)?,
            };
            connection.progress_handler(STEPS, Some(move || Instant::now() >= deadline))?;
            let found = connection.prepare_cached(&query)?.exists([&address])?;
            *place = Some(connection);
            Ok(found)
        })
        .await?
    }
}

impl fmt::Debug for SqliteUsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteUsers").field("path", &self.path).finish_non_exhaustive()
    }
}
