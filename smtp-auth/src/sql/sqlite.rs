//! SQLite, on a thread of its own: it blocks.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::account::{Columns, Row};
use super::error::SqlStoreError;
use crate::store::StoreError;

/// How many may wait: more would wait in vain, and hold their connections meanwhile.
const MOST_WAITING: usize = 64;

/// How many steps of SQLite's virtual machine pass between two looks at the clock.
const STEPS: i32 = 10_000;

type Found = Result<Option<Row>, StoreError>;

/// The way to the thread, which ends when this is dropped.
pub(super) struct Sqlite {
    questions: mpsc::Sender<Question>,
    timeout: Duration,
}

struct Question {
    name: String,
    deadline: Instant,
    answer: oneshot::Sender<Found>,
}

impl Sqlite {
    pub(super) fn start(path: PathBuf, query: String, timeout: Duration) -> Result<Self, SqlStoreError> {
        let (questions, asked) = mpsc::channel(MOST_WAITING);
        let thread = Thread { path, query, open: None };
        thread::Builder::new()
            .name("sqlite-users".to_owned())
            .spawn(move || thread.run(asked))
            .map_err(SqlStoreError::Thread)?;
        Ok(Self { questions, timeout })
    }

    pub(super) async fn find(&self, name: &str) -> Found {
        let (answer, answered) = oneshot::channel();
        let question = Question { name: name.to_owned(), deadline: Instant::now() + self.timeout, answer };
        match self.questions.try_send(question) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                return Err(StoreError::new("too many logins wait for the database"));
            }
            Err(error) => return Err(StoreError::new(error.to_string())),
        }
        let answer = timeout(self.timeout, answered).await;
        answer.map_err(|_| StoreError::new("the database takes too long"))?.map_err(StoreError::new)?
    }
}

struct Thread {
    path: PathBuf,
    query: String,
    open: Option<Open>,
}

struct Open {
    connection: Connection,
    file: File,
}

impl Thread {
    fn run(mut self, mut asked: mpsc::Receiver<Question>) {
        while let Some(question) = asked.blocking_recv() {
            if question.answer.is_closed() {
                continue;
            }
            let found = self.find(&question.name, question.deadline);
            if found.is_err() {
                self.open = None;
            }
            let _ = question.answer.send(found);
        }
    }

    fn find(&mut self, name: &str, deadline: Instant) -> Found {
        let connection = current(&mut self.open, &self.path)?;
        let left = deadline.saturating_duration_since(Instant::now());
        connection.busy_timeout(left).map_err(StoreError::new)?;
        connection
            .progress_handler(STEPS, Some(move || Instant::now() >= deadline))
            .map_err(StoreError::new)?;
        let mut statement = connection.prepare_cached(&self.query).map_err(StoreError::new)?;
        if statement.parameter_count() != 1 {
            return Err(StoreError::new("the query has not exactly one parameter, $1"));
        }
        let columns = Columns::find(&statement.column_names().collect::<Vec<_>>())
            .ok_or_else(|| StoreError::new("the query has neither a column password nor scram"))?;
        let mut rows = statement.query([name]).map_err(StoreError::new)?;
        let found = rows.next().map_err(StoreError::new)?.map(|row| decode(row, &columns)).transpose()?;
        if rows.next().map_err(StoreError::new)?.is_some() {
            return Err(StoreError::new("the query finds several users of one name"));
        }
        Ok(found)
    }
}

/// The database; opened anew if its file was replaced.
fn current<'a>(open: &'a mut Option<Open>, path: &Path) -> Result<&'a mut Connection, StoreError> {
    let file = File::at(path)?;
    if open.as_ref().is_none_or(|open| open.file != file) {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(StoreError::new)?;
        *open = Some(Open { connection, file });
    }
    match open {
        Some(open) => Ok(&mut open.connection),
        None => Err(StoreError::new("the database is not open")),
    }
}

/// Which file lies at a path.
#[derive(PartialEq, Eq)]
struct File {
    #[cfg(unix)]
    device_and_inode: (u64, u64),
}

impl File {
    #[cfg(unix)]
    fn at(path: &Path) -> Result<Self, StoreError> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = path.metadata()?;
        Ok(Self { device_and_inode: (metadata.dev(), metadata.ino()) })
    }

    #[cfg(not(unix))]
    fn at(path: &Path) -> Result<Self, StoreError> {
        path.metadata()?;
        Ok(Self {})
    }
}

fn decode(row: &rusqlite::Row<'_>, columns: &Columns) -> Result<Row, StoreError> {
    let value = |column: Option<usize>| column.map_or(Ok(ValueRef::Null), |column| row.get_ref(column));
    let text = |column| match value(column).map_err(StoreError::new)? {
        ValueRef::Null => Ok(None),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Some(Zeroizing::new(text.to_owned()))),
            Err(error) => Err(StoreError::new(error)),
        },
        other => Err(StoreError::new(format!("{}, where text should be", other.data_type()))),
    };
    let flag = |column| match value(column).map_err(StoreError::new)? {
        ValueRef::Null => Ok(false),
        ValueRef::Integer(integer) => Ok(integer != 0),
        other => Err(StoreError::new(format!("{}, where 0 or 1 should be", other.data_type()))),
    };
    Ok(Row {
        password: text(columns.password)?,
        scram: text(columns.scram)?,
        disabled: flag(columns.disabled)?,
        expired: flag(columns.expired)?,
    })
}
