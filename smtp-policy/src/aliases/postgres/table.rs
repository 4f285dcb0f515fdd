use std::fmt;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deadpool_postgres::Client;
use futures_util::TryStreamExt as _;
use smtp_core::BoxError;
use tokio::task::spawn_blocking;
use tokio::time::Instant;
use tokio_postgres::types::FromSql;

use super::PostgresDatabase;
use super::database::Question;
use super::failure::Failure;
use crate::FileError;
use crate::aliases::file::{Aliases, Source};
use crate::aliases::parse::parse;
use crate::aliases::rows::Rows;
use crate::aliases::{AliasFile, AliasOptions};
use crate::file_error::Problems;
use crate::watched_file::Files;

/// What errors call it.
const NAME: &str = "postgres";

impl AliasFile {
    /// The aliases of a PostgreSQL database. Each row of the query is one: a name in its first column, and in
    /// its second the members, as they stand in an aliases file, but that no lists are included: which files a
    /// server reads is not for a database to say. Rows of one name go together. All are read at once, and again
    /// when somebody looks and they are older than [`refresh`](super::PostgresOptions::refresh) says; where that
    /// fails, those of before stay in use. What an error says of lines is about rows, in the order of their
    /// names.
    ///
    /// That the database is away is no error: the log says so, and until it is there lookups fail, and
    /// clients are told to come again.
    ///
    /// # Errors
    /// If the query does not fit the database, or its rows cannot be understood; the error names each place,
    /// and what to do.
    pub async fn from_postgres(
        database: &PostgresDatabase,
        query: impl Into<String>,
        options: AliasOptions,
    ) -> Result<Self, FileError> {
        let table = Table {
            database: database.clone(),
            query: query.into(),
            options: options.without_includes(),
            reading: tokio::sync::Mutex::default(),
            current: Mutex::new(Current { aliases: None, digest: None, due: Instant::now(), fails: false }),
        };
        let mut problems = Problems::default();
        match table.read().await {
            Err(failure) if failure.is_misfit() => {
                problems.add_unreadable(Path::new(NAME), &io::Error::other(failure));
            }
            Ok(Read { news: Some(Err(error)), .. }) => return Err(error),
            read => table.note(read),
        }
        problems.into_result(Self { source: Source::Postgres(Arc::new(table)), path: NAME.into() })
    }
}

/// The rows, and what they mean.
pub(in crate::aliases) struct Table {
    database: PostgresDatabase,
    query: String,
    options: AliasOptions,
    /// One who reads is enough; others go on with what is there.
    reading: tokio::sync::Mutex<()>,
    current: Mutex<Current>,
}

struct Current {
    /// `None` if they were never read.
    aliases: Option<Arc<Aliases>>,
    /// Of the rows that were last read, be they broken.
    digest: Option<u64>,
    due: Instant,
    /// Whether the database could not be asked the last time: it is said once.
    fails: bool,
}

struct Read {
    digest: u64,
    /// `None` if the rows are those of before.
    news: Option<Result<Aliases, FileError>>,
}

impl Table {
    /// What the rows say; reads them if it is time to.
    pub(in crate::aliases) async fn get(&self) -> Result<Arc<Aliases>, BoxError> {
        if self.is_due()
            && let Ok(_reading) = self.reading.try_lock()
            // Another one may have read them since.
            && self.is_due()
        {
            let read = self.read().await;
            self.note(read);
        }
        self.last().ok_or_else(|| "the aliases in PostgreSQL could not be read yet".into())
    }

    /// What they said when they were last read.
    pub(in crate::aliases) fn last(&self) -> Option<Arc<Aliases>> {
        self.lock().aliases.clone()
    }

    /// Whoever looks next reads them.
    pub(in crate::aliases) fn make_due(&self) {
        self.lock().due = Instant::now();
    }

    fn is_due(&self) -> bool {
        Instant::now() >= self.lock().due
    }

    async fn read(&self) -> Result<Read, Failure> {
        let rows = self.database.ask(&AllRows { query: &self.query }).await?;
        let (before, options) = (self.lock().digest, self.options);
        let read = move || {
            let digest = rows.digest();
            let news = (before != Some(digest)).then(|| {
                let (text, mut problems) = (rows.into_text(), Problems::default());
                let aliases = parse(&text, Path::new(NAME), options, &mut Files::default(), &mut problems);
                problems.into_result(aliases)
            });
            Read { digest, news }
        };
        // A million of them take a while.
        spawn_blocking(read).await.map_err(|error| Failure::Away(error.to_string()))
    }

    fn note(&self, read: Result<Read, Failure>) {
        let mut current = self.lock();
        let fails = read.is_err();
        match read {
            Ok(Read { digest, news }) => {
                current.digest = Some(digest);
                match news {
                    Some(Ok(aliases)) => {
                        tracing::info!("the aliases in PostgreSQL were read");
                        current.aliases = Some(Arc::new(aliases));
                    }
                    // Said once, until the rows change again.
                    Some(Err(error)) => {
                        tracing::error!(%error, "the aliases in PostgreSQL are broken; those of before, if any, stay in use");
                    }
                    None if current.fails => tracing::info!("the aliases in PostgreSQL can be read again"),
                    None => {}
                }
            }
            Err(failure) if !current.fails => {
                tracing::error!(error = %failure, "the aliases in PostgreSQL cannot be read; those of before, if any, stay in use");
            }
            Err(_) => {}
        }
        current.fails = fails;
        current.due = Instant::now();
        // Who has nothing yet tries with each lookup.
        if current.aliases.is_some() {
            current.due += self.database.refresh();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Current> {
        // Nothing panics while the lock is held.
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct AllRows<'a> {
    query: &'a str,
}

impl Question for AllRows<'_> {
    type Answer = Rows;

    async fn ask(&self, client: &Client) -> Result<Rows, Failure> {
        let statement = client.prepare_cached(self.query).await?;
        let columns = statement.columns();
        if columns.len() < 2 || !statement.params().is_empty() {
            return Err(Failure::wrong("the query has two columns, name and members, and no parameters"));
        }
        if let Some(column) = columns[..2].iter().find(|column| !<&str as FromSql>::accepts(column.type_())) {
            let (name, kind) = (column.name(), column.type_());
            return Err(Failure::wrong(format!("the column {name} is of the type {kind}, not a text")));
        }
        let mut found = Rows::default();
        let none: [&str; 0] = [];
        let mut rows = pin!(client.query_raw(&statement, none).await?);
        while let Some(row) = rows.try_next().await? {
            let (name, members): (Option<&str>, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
            let (Some(name), Some(members)) = (name, members) else {
                return Err(Failure::wrong("a row has no name, or no members"));
            };
            found.add(name, members).map_err(Failure::Wrong)?;
        }
        Ok(found)
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").field("database", &self.database).finish_non_exhaustive()
    }
}
