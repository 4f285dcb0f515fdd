use std::collections::HashMap;
use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};
use smtp_core::BoxError;

use crate::state::{Moment, StateChange, StateEntry, StateKey};

/// The version of the table.
const VERSION: i64 = 1;
/// How long another process may hold the database.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long what ran out may lie about.
const SWEEP: Duration = Duration::from_secs(60);

const TABLE: &str = "CREATE TABLE IF NOT EXISTS state (
    space TEXT NOT NULL, name TEXT NOT NULL, value INTEGER NOT NULL, until INTEGER NOT NULL,
    PRIMARY KEY (space, name)) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS state_until ON state (space, until);";
const READ: &str = "SELECT value, until FROM state WHERE space = ?1 AND name = ?2";
const WRITE: &str = "INSERT INTO state (space, name, value, until) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO UPDATE SET value = excluded.value, until = excluded.until";
const REMOVE: &str = "DELETE FROM state WHERE space = ?1 AND name = ?2";
const SWEEP_OUT: &str = "DELETE FROM state WHERE until <= ?1";
const COUNT: &str = "SELECT space, count(*) FROM state GROUP BY space";
const HALVE: &str = "DELETE FROM state WHERE (space, name) IN
    (SELECT space, name FROM state WHERE space = ?1 ORDER BY until LIMIT ?2)";

/// The open database. Blocks.
pub(super) struct Database {
    connection: Connection,
    most: u64,
    clock: Box<dyn Fn() -> Moment + Send>,
    /// How many entries there may be of each space; counted at each sweep.
    entries: HashMap<String, u64>,
    swept: Moment,
}

impl Database {
    pub(super) fn open(
        path: &Path,
        most: u64,
        clock: Box<dyn Fn() -> Moment + Send>,
    ) -> Result<Self, BoxError> {
        make(path)?;
        let connection = Connection::open(path)?;
        connection.busy_timeout(PATIENCE)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "NORMAL")?;
        let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        match version {
            0 => {
                connection.execute_batch(TABLE)?;
                connection.pragma_update(None, "user_version", VERSION)?;
            }
            VERSION => {}
            other => {
                return Err(format!("a database of version {other}, not {VERSION}; remove the file").into());
            }
        }
        let now = clock();
        let mut this = Self { connection, most, clock, entries: HashMap::new(), swept: now };
        let transaction = this.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        this.entries = sweep(&transaction, now, most)?;
        transaction.commit()?;
        Ok(this)
    }

    /// Applies all of them, or none.
    pub(super) fn apply<'a>(
        &mut self,
        changes: impl Iterator<Item = (&'a StateKey, &'a mut StateChange)>,
    ) -> rusqlite::Result<()> {
        let now = (self.clock)();
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut is_full = false;
        for (key, change) in changes {
            if update(&transaction, key, change, now)? {
                let entries = self.entries.entry(key.space().to_owned()).or_default();
                *entries += 1;
                is_full |= *entries > self.most;
            }
        }
        if is_full || now.since(self.swept) >= SWEEP {
            self.entries = sweep(&transaction, now, self.most)?;
            self.swept = now;
        }
        transaction.commit()
    }
}

/// Makes the file, for its owner alone; SQLite makes those beside it alike.
fn make(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Applies one change, and tells whether there is an entry more.
fn update(
    transaction: &Transaction<'_>,
    key: &StateKey,
    change: &mut StateChange,
    now: Moment,
) -> rusqlite::Result<bool> {
    let name = params![key.space(), key.name()];
    let row = |row: &rusqlite::Row<'_>| {
        let (value, until): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok(StateEntry { value: value.cast_unsigned(), until: moment(until) })
    };
    let read = transaction.prepare_cached(READ)?.query_row(name, row).optional()?;
    let mut entry = read.filter(|entry| entry.until > now);
    change(&mut entry, now);
    match entry.filter(|entry| entry.until > now) {
        entry if entry == read => return Ok(false),
        None => transaction.prepare_cached(REMOVE)?.execute(name)?,
        Some(StateEntry { value, until }) => transaction.prepare_cached(WRITE)?.execute(params![
            key.space(),
            key.name(),
            value.cast_signed(),
            milliseconds(until)
        ])?,
    };
    Ok(read.is_none())
}

/// Takes out what ran out, and counts the rest; of a space that is still too full goes what runs out first.
fn sweep(transaction: &Transaction<'_>, now: Moment, most: u64) -> rusqlite::Result<HashMap<String, u64>> {
    transaction.prepare_cached(SWEEP_OUT)?.execute([milliseconds(now)])?;
    let mut count = transaction.prepare_cached(COUNT)?;
    let rows = count.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    let mut entries: HashMap<String, u64> = rows.collect::<rusqlite::Result<_>>()?;
    for (space, entries) in entries.iter_mut().filter(|(_, entries)| **entries > most) {
        let excess = *entries - most / 2;
        transaction.prepare_cached(HALVE)?.execute(params![space, excess.cast_signed()])?;
        *entries -= excess;
    }
    Ok(entries)
}

/// The next whole one.
fn milliseconds(moment: Moment) -> i64 {
    i64::try_from(moment.since_epoch().as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX)
}

fn moment(milliseconds: i64) -> Moment {
    Moment::after_epoch(Duration::from_millis(milliseconds.unsigned_abs()))
}
