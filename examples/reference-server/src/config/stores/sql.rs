//! A database, and what it is asked.

use std::path::PathBuf;
use std::time::Duration;

use smtp_server::auth::{Mechanism, ScramHash};
use toml::Spanned;

use super::tables::SqlTable;
use crate::config::check::Check;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SqlStore {
    pub(crate) database: Database,
    pub(crate) query: String,
    /// The hashes for which it has SCRAM keys.
    pub(crate) scram: Vec<ScramHash>,
    /// In the place of the authorities that browsers trust.
    #[cfg(feature = "postgres")]
    pub(crate) ca: Option<PathBuf>,
    pub(crate) timeout: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Database {
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(Address),
    /// The address is in the file.
    #[cfg(feature = "postgres")]
    PostgresFile(PathBuf),
}

/// An address of a database. There may be a password in it, so it does not print.
#[cfg(feature = "postgres")]
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Address(pub(crate) String);

#[cfg(feature = "postgres")]
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Address(..)")
    }
}

/// A database on the next host answers in milliseconds.
const TIMEOUT: Duration = Duration::from_secs(5);

pub(super) fn check(check: &mut Check<'_>, table: SqlTable) -> Option<SqlStore> {
    let scram = scram(check, table.scram);
    let timeout = check.duration(table.timeout.as_ref(), TIMEOUT);
    #[cfg(feature = "postgres")]
    let ca = check.path(table.ca);
    let query = table.query.get_ref().clone();
    if !query.contains("$1") {
        check.refuse(&table.query, "the query says nowhere where the name goes", "write $1 there");
    }
    let database = match (table.sqlite, table.postgres, table.postgres_file) {
        (Some(path), None, None) => sqlite(check, &path),
        (None, Some(address), None) => postgres(check, &address),
        (None, None, Some(path)) => postgres_file(check, &path),
        _ => {
            let help = "add one of sqlite, postgres and postgres_file";
            check.refuse(&table.query, "a query is for one database", help);
            None
        }
    };
    Some(SqlStore {
        database: database?,
        query,
        scram,
        #[cfg(feature = "postgres")]
        ca,
        timeout,
    })
}

fn scram(check: &mut Check<'_>, names: Option<Spanned<Vec<Spanned<String>>>>) -> Vec<ScramHash> {
    let help = "there are SCRAM-SHA-1, SCRAM-SHA-256 and SCRAM-SHA-512";
    let read = |name: &str| Mechanism::from_name(name).and_then(Mechanism::scram_hash);
    let names = names.map(Spanned::into_inner).unwrap_or_default();
    names.iter().filter_map(|name| check.read(name, read, "mechanism with keys", help)).collect()
}

#[cfg(feature = "sqlite")]
fn sqlite(check: &Check<'_>, path: &Spanned<PathBuf>) -> Option<Database> {
    Some(Database::Sqlite(check.folder.join(path.get_ref())))
}

#[cfg(not(feature = "sqlite"))]
fn sqlite(check: &mut Check<'_>, path: &Spanned<PathBuf>) -> Option<Database> {
    check.lacks(path, "sqlite")
}

#[cfg(feature = "postgres")]
fn postgres(_: &Check<'_>, address: &Spanned<String>) -> Option<Database> {
    Some(Database::Postgres(Address(address.get_ref().clone())))
}

#[cfg(not(feature = "postgres"))]
fn postgres(check: &mut Check<'_>, address: &Spanned<String>) -> Option<Database> {
    check.lacks(address, "postgres")
}

#[cfg(feature = "postgres")]
fn postgres_file(check: &mut Check<'_>, path: &Spanned<PathBuf>) -> Option<Database> {
    check.is_file_name(path);
    Some(Database::PostgresFile(check.folder.join(path.get_ref())))
}

#[cfg(not(feature = "postgres"))]
fn postgres_file(check: &mut Check<'_>, path: &Spanned<PathBuf>) -> Option<Database> {
    check.lacks(path, "postgres")
}
