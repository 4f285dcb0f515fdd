use std::path::PathBuf;

use rusqlite::Connection;
use smtp_core::Mailbox;
use smtp_core::testing::domain;
use tempfile::TempDir;

use crate::aliases::{AliasDirectory, AliasFile, AliasOptions, Resolution, SqliteUsers, Users};

const ALIASES: &str = "SELECT name, members FROM aliases";
const USERS: &str = "SELECT 1 FROM users WHERE address = $1";

fn database(rows: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("directory.sqlite");
    let tables = "PRAGMA journal_mode = WAL;
        CREATE TABLE users (address TEXT PRIMARY KEY);
        CREATE TABLE aliases (name TEXT, members TEXT);";
    Connection::open(&path).unwrap().execute_batch(&format!("{tables}{rows}")).unwrap();
    (folder, path)
}

fn aliases(path: &PathBuf) -> AliasFile {
    AliasFile::from_sqlite(path, ALIASES, AliasOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

async fn resolve<U: Users>(directory: &AliasDirectory<U>, address: &str) -> String {
    match directory.resolve(&address.parse::<Mailbox>().unwrap()).await.unwrap() {
        Resolution::Members { members, .. } => {
            members.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        }
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn whom_a_database_knows() {
    let (_folder, path) = database(
        "INSERT INTO users VALUES ('joe@example.org'), ('it''s@example.org'), ('kim@example.org');
         INSERT INTO aliases VALUES ('\u{212a}ate@example.org', 'kim'), ('kate@example.org', 'joe'), ('Sales', 'joe, ann@example.net'), ('sales', 'joe'), ('@example.com', 'joe@example.org');",
    );
    let users = SqliteUsers::open(&path, USERS).unwrap();
    let directory = AliasDirectory::new(aliases(&path), users, ["example.org", "example.com"].map(domain));
    // The small letter of this one is a k, which is another name.
    let other = Mailbox::from_utf8("\u{212a}im@example.org").unwrap();
    assert_eq!(directory.resolve(&other).await.unwrap(), Resolution::Unknown);
    for (address, expected) in [
        ("Kate@example.org", "joe@example.org"),
        ("joe@example.org", "Mailbox"),
        ("JOE+x@Example.org", "Mailbox"),
        ("it's@example.org", "Mailbox"),
        ("\"' OR 1=1 --\"@example.org", "Unknown"),
        ("jim@example.org", "Unknown"),
        ("sales@example.org", "joe@example.org ann@example.net"),
        ("anybody@example.com", "joe@example.org"),
        ("joe@example.net", "Elsewhere"),
    ] {
        assert_eq!(resolve(&directory, address).await, expected, "{address}");
    }
}

#[tokio::test]
async fn what_changes_is_read_again_and_what_is_broken_is_not_taken() {
    let (_folder, path) = database("INSERT INTO users VALUES ('joe@example.org');");
    let file = aliases(&path);
    let users = SqliteUsers::open(&path, USERS).unwrap();
    let directory = AliasDirectory::new(file.clone(), users, [domain("example.org")]);
    // One that stays open, as that of whoever keeps the table does.
    let writer = Connection::open(&path).unwrap();
    for (statement, expected) in [
        ("INSERT INTO aliases VALUES ('sales', 'joe')", "joe@example.org"),
        ("INSERT INTO aliases VALUES ('broken', '|rm')", "joe@example.org"),
        ("UPDATE aliases SET members = 'ann@example.net'", "ann@example.net"),
    ] {
        writer.execute_batch(statement).unwrap();
        file.refresh();
        file.refresh();
        assert_eq!(resolve(&directory, "sales@example.org").await, expected, "{statement}");
    }
    writer.execute_batch("INSERT INTO users VALUES ('ann@example.org')").unwrap();
    assert_eq!(resolve(&directory, "ann@example.org").await, "Mailbox");
    // It says so rather than that nobody is there.
    writer.execute_batch("DROP TABLE users").unwrap();
    assert!(directory.resolve(&"joe@example.org".parse().unwrap()).await.is_err());
    writer
        .execute_batch("CREATE TABLE users (address TEXT); INSERT INTO users VALUES ('sue@example.org')")
        .unwrap();
    assert_eq!(resolve(&directory, "sue@example.org").await, "Mailbox");
}

#[test]
fn what_does_not_fit_is_said() {
    let (_folder, path) = database("INSERT INTO aliases VALUES ('a', 'joe' || char(10) || 'b: |rm');");
    let open = |query: &str| AliasFile::from_sqlite(&path, query, AliasOptions::default());
    for (query, what) in [
        (ALIASES, "would be several lines"),
        ("SELECT name FROM aliases", "two columns"),
        ("SELECT who, whom FROM aliases", "no such column"),
        ("SELECT 'a b', 'joe'", "no name"),
        ("SELECT 'a', '|rm'", "programs are not run"),
    ] {
        let error = open(query).unwrap_err().to_string();
        assert!(error.contains(what), "{query}: {error}");
    }
    assert!(SqliteUsers::open(&path, "SELECT 1 FROM users").is_err());
    assert!(SqliteUsers::open(path.with_extension("none"), USERS).is_err());
    assert!(AliasFile::from_sqlite(path.with_extension("none"), ALIASES, AliasOptions::default()).is_err());
}
