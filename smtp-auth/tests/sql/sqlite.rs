use std::fs;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use smtp_auth::{CredentialStore, ScramHash, SqlStore, Verdict};
use smtp_core::testing::facts;

use crate::{INJECTIONS, LOGINS, QUERY, login, stored, try_login, users};

fn make(path: &Path) -> Connection {
    let database = Connection::open(path).unwrap();
    let table =
        "CREATE TABLE users (name TEXT PRIMARY KEY, hash TEXT, keys TEXT, locked INTEGER, expired INTEGER);";
    database.execute_batch(&format!("{table}{}", users())).unwrap();
    database
}

#[tokio::test]
async fn passwords_and_keys_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    make(&path);
    let store = SqlStore::sqlite(&path, QUERY).scram_keys([ScramHash::Sha256]).build().unwrap();
    store.check().await.unwrap();
    for (name, password, verdict) in LOGINS {
        assert_eq!(login(&store, name, password).await, verdict, "{name} {password}");
    }
    let facts = facts();
    for (name, has_keys) in [
        ("alice", true),
        ("keys", true),
        ("carol", false),
        ("disabled", false),
        ("expired", false),
        ("x", false),
    ] {
        let keys = store.scram_keys(name, ScramHash::Sha256, facts.session()).await.unwrap();
        assert_eq!(keys.is_some(), has_keys, "{name}");
    }
    assert!(store.has_scram_keys(ScramHash::Sha256));
    assert_eq!(store.name(), "sqlite");
}

#[tokio::test]
async fn a_name_never_becomes_part_of_the_query() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let database = make(&path);
    let store = SqlStore::sqlite(&path, QUERY).build().unwrap();
    for name in INJECTIONS {
        assert_eq!(login(&store, name, "pencil").await, Verdict::Refused, "{name}");
    }
    assert_eq!(database.query_row("SELECT count(*) FROM users", [], |row| row.get(0)), Ok(5));
    // A user may be called like that.
    database.execute("UPDATE users SET name = ?1 WHERE name = 'alice'", [INJECTIONS[0]]).unwrap();
    assert_eq!(login(&store, INJECTIONS[0], "pencil").await, Verdict::Accepted);
}

#[tokio::test]
async fn a_database_that_is_away_or_replaced_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let store = SqlStore::sqlite(&path, QUERY).build().unwrap();
    assert!(try_login(&store, "alice", "pencil").await.is_err());
    make(&path);
    assert_eq!(login(&store, "alice", "pencil").await, Verdict::Accepted);

    let next = folder.path().join("next.db");
    make(&next).execute("UPDATE users SET hash = ?1 WHERE name = 'alice'", [stored("other").0]).unwrap();
    fs::rename(&next, &path).unwrap();
    assert_eq!(login(&store, "alice", "pencil").await, Verdict::Refused);
    assert_eq!(login(&store, "alice", "other").await, Verdict::Accepted);

    fs::write(&path, "no database at all").unwrap();
    assert!(try_login(&store, "alice", "other").await.is_err());
    fs::remove_file(&path).unwrap();
    assert!(try_login(&store, "alice", "other").await.is_err());
    make(&path);
    assert_eq!(login(&store, "alice", "pencil").await, Verdict::Accepted);
}

#[tokio::test]
async fn a_database_that_is_locked_or_slow_is_waited_for_a_bounded_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let database = make(&path);
    let short = Duration::from_millis(200);
    let store = SqlStore::sqlite(&path, QUERY).timeout(short).build().unwrap();
    database.execute_batch("BEGIN EXCLUSIVE").unwrap();
    assert!(try_login(&store, "alice", "pencil").await.is_err());
    database.execute_batch("COMMIT").unwrap();
    // The thread may still be at the question that nobody waits for any more.
    let patient = SqlStore::sqlite(&path, QUERY).build().unwrap();
    assert_eq!(login(&patient, "alice", "pencil").await, Verdict::Accepted);

    let endless = "WITH RECURSIVE forever(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM forever)
        SELECT NULL AS password FROM forever WHERE $1 = 'slow' AND n < 0
        UNION ALL SELECT hash FROM users WHERE name = $1 AND name <> 'slow'";
    let store = SqlStore::sqlite(&path, endless).timeout(short).build().unwrap();
    let error = try_login(&store, "slow", "pencil").await.unwrap_err().to_string();
    assert!(error.contains("too long") || error.contains("interrupted"), "{error}");
}

#[tokio::test]
async fn a_query_that_does_not_fit_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    make(&path);
    let table = [
        ("SELECT hash AS password FROM users", "parameter"),
        ("SELECT hash AS password FROM users WHERE name = $1 OR name = $2", "parameter"),
        ("SELECT hash FROM users WHERE name = $1", "neither"),
        ("SELECT hash AS password FROM people WHERE name = $1", "no such table"),
        ("UPDATE users SET hash = '' WHERE name = $1 RETURNING hash AS password", "readonly"),
        ("SELECT", "incomplete"),
    ];
    for (query, problem) in table {
        let store = SqlStore::sqlite(&path, query).build().unwrap();
        let error = store.check().await.unwrap_err().to_string();
        assert!(error.contains(problem), "{query}: {error}");
    }
    for query in [
        "SELECT hash AS password FROM users WHERE name <> $1",
        "SELECT hash AS password, name AS disabled FROM users WHERE name = $1",
        "SELECT 1 AS password FROM users WHERE name = $1",
    ] {
        let store = SqlStore::sqlite(&path, query).build().unwrap();
        assert!(try_login(&store, "alice", "pencil").await.is_err(), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_so_many_wait() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mail.db");
    let database = make(&path);
    let store = SqlStore::sqlite(&path, QUERY).timeout(Duration::from_secs(600)).build().unwrap();
    database.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let facts = facts();
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let (store, session) = (store.clone(), facts.session().clone());
        logins.spawn(async move { store.scram_keys("alice", ScramHash::Sha256, &session).await });
    }
    // Those for whom there is no place hear so at once; the others wait.
    for _ in 0..200 - 65 {
        assert!(logins.join_next().await.unwrap().unwrap().is_err());
    }
    database.execute_batch("COMMIT").unwrap();
    let mut answered = 0;
    while let Some(login) = logins.join_next().await {
        answered += u32::from(login.unwrap().is_ok());
    }
    assert!((64..=65).contains(&answered), "{answered}");
}
