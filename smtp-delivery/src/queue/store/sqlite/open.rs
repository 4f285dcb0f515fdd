use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{Notify, mpsc};

use super::bodies::Bodies;
use super::fresh::Fresh;
use super::read::{self, Reader};
use super::reserve::Reserve;
use super::row::count;
use super::state::{Counters, Leases, State};
use super::writer::Writer;
use super::{SqliteOptions, SqliteStore, StoreError, Usage, schema};

/// How many operations may wait for the writer before who brings one has to wait, too.
const WAITING: usize = 1024;
/// How long to wait for somebody else who writes into the database, an operator with `sqlite3`.
const BUSY: Duration = Duration::from_secs(2);
/// How many statements are kept prepared; there are fewer.
const STATEMENTS: usize = 64;

pub(super) fn open(path: &Path, options: SqliteOptions) -> Result<SqliteStore, StoreError> {
    open_over(path, options, Bodies::new).map_err(|error| match error {
        StoreError::Io(error) => io::Error::new(error.kind(), format!("{}: {error}", path.display())).into(),
        StoreError::Final(error) => StoreError::Final(format!("{}: {error}", path.display()).into()),
        error => StoreError::other(format!("{}: {error}", path.display())),
    })
}

/// With files that the function gives for the directory of contents.
pub(super) fn open_over(
    path: &Path,
    options: SqliteOptions,
    bodies: impl FnOnce(&Path) -> io::Result<Bodies>,
) -> Result<SqliteStore, StoreError> {
    create_directory(path)?;
    create_directory(&path.join("content"))?;
    let lock = lock(&path.join("lock"))?;
    let mut reserve = Reserve::new(path.join("reserve"), options.reserve);
    let (connection, reader) = match connect(path) {
        // To open it takes a little room, too.
        Err(error) if error.is_full() && reserve.release() => connect(path)?,
        connected => connected?,
    };
    let bodies = bodies(&path.join("content"))?;
    sweep(&bodies, &connection)?;
    let state = Arc::new(State {
        leases: Leases::default(),
        fresh: Fresh::read(&connection)?,
        usage: Counters::new(usage(&connection)?),
        bodies,
        changed: Notify::new(),
    });
    let reader = Arc::new(Reader::new(reader));
    let (sender, orders) = mpsc::channel(WAITING);
    let writer = Writer {
        connection,
        orders,
        batch: options.batch,
        waited: (Duration::ZERO, 0),
        state: state.clone(),
        reserve,
        reader: reader.clone(),
        lock,
    };
    std::thread::Builder::new().name("queue".to_owned()).spawn(move || writer.run())?;
    Ok(SqliteStore { orders: sender, reader, state, options: Arc::new(options) })
}

/// Makes the directory if it is missing, readable by the owner alone, and durably.
fn create_directory(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).recursive(true).create(path) {
        Err(_) if path.is_dir() => {}
        created => created?,
    }
    for above in path.ancestors().skip(1).filter(|above| !above.as_os_str().is_empty()) {
        // What lies far above may be closed to us; then it was not made here either.
        if let Ok(above) = File::open(above) {
            above.sync_all()?;
        }
    }
    Ok(())
}

fn lock(path: &Path) -> Result<File, StoreError> {
    let lock = create(path)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::other("another process has this queue")),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// The connections of the writer and of those who read.
pub(super) fn connect(path: &Path) -> Result<(Connection, Connection), StoreError> {
    let database = path.join("queue.db");
    // SQLite gives its other files the mode of this one.
    create(&database)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut writer = Connection::open_with_flags(&database, flags)?;
    writer.busy_timeout(BUSY)?;
    writer.set_prepared_statement_cache_capacity(STATEMENTS);
    // Otherwise statements are planned anew for each destination, which takes longer than to run them.
    writer.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Only for a database that is empty. Room that is not needed any more can be given back.
    writer.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    writer.pragma_update(None, "journal_mode", "WAL")?;
    writer.pragma_update(None, "synchronous", "FULL")?;
    writer.pragma_update(None, "journal_size_limit", 64 << 20)?;
    writer.pragma_update(None, "wal_autocheckpoint", 4000)?;
    writer.pragma_update(None, "cache_size", -16_384)?;
    writer.pragma_update(None, "foreign_keys", false)?;
    schema::prepare(&mut writer)?;
    File::open(path)?.sync_all()?;
    let reader = Connection::open_with_flags(&database, flags)?;
    reader.busy_timeout(BUSY)?;
    reader.set_prepared_statement_cache_capacity(STATEMENTS);
    reader.pragma_update(None, "query_only", true)?;
    Ok((writer, reader))
}

fn sweep(bodies: &Bodies, connection: &Connection) -> Result<(), StoreError> {
    let needed = read::names_of_files(connection)?.into_iter().collect();
    for name in bodies.sweep(needed)? {
        tracing::error!(name, "the content of a message is missing");
    }
    Ok(())
}

fn usage(connection: &Connection) -> Result<Usage, StoreError> {
    let usage =
        connection.query_row("SELECT count(*), coalesce(sum(octets), 0) FROM message", [], |row| {
            Ok(Usage { messages: count(row, 0)?, octets: count(row, 1)? })
        })?;
    Ok(usage)
}
