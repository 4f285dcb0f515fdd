use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::aliases::database_tests::{ALIASES, MISFITS, ROWS, TABLES, USERS};
use crate::aliases::{AliasFile, AliasOptions, SqliteUsers, database_tests};

fn database(rows: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("directory.sqlite");
    let statements = format!("PRAGMA journal_mode = WAL;{TABLES}{rows}");
    Connection::open(&path).unwrap().execute_batch(&statements).unwrap();
    (folder, path)
}

fn aliases(path: &PathBuf) -> AliasFile {
    AliasFile::from_sqlite(path, ALIASES, AliasOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

#[tokio::test]
async fn whom_a_database_knows() {
    let (_folder, path) = database(ROWS);
    database_tests::whom_it_knows(aliases(&path), SqliteUsers::open(&path, USERS).unwrap()).await;
}

#[tokio::test]
async fn what_changes_is_read_again_and_what_is_broken_is_not_taken() {
    let (_folder, path) = database("INSERT INTO users VALUES ('joe@example.org');");
    let users = SqliteUsers::open(&path, USERS).unwrap();
    // One that stays open, as that of whoever keeps the table does.
    let writer = Connection::open(&path).unwrap();
    let execute = |statement: &str| writer.execute_batch(statement).unwrap();
    database_tests::what_changes_is_read_again(aliases(&path), users, execute).await;
}

#[test]
fn what_does_not_fit_is_said() {
    let (_folder, path) = database("");
    let open = |query: &str| AliasFile::from_sqlite(&path, query, AliasOptions::default());
    let own = [("SELECT who, whom FROM aliases", "no such column")];
    for (query, what) in MISFITS.into_iter().chain(own) {
        let error = open(query).unwrap_err().to_string();
        assert!(error.contains(what), "{query}: {error}");
    }
    assert!(SqliteUsers::open(&path, "SELECT 1 FROM users").is_err());
    assert!(SqliteUsers::open(path.with_extension("none"), USERS).is_err());
    assert!(AliasFile::from_sqlite(path.with_extension("none"), ALIASES, AliasOptions::default()).is_err());
}
