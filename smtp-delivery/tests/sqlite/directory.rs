//! What is in the directory, and in what state it is opened.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::SystemTime;

use rusqlite::Connection;
use smtp_delivery::TraceId;
use smtp_delivery::queue::store::{LeaseRequest, Selection, Which};
use smtp_delivery::queue::{SqliteOptions, SqliteStore, Store as _, StoreError};

use crate::messages::{body, content, id, message, read};

async fn open(directory: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(directory, SqliteOptions::default().reserve(4096)).await
}

async fn error(directory: &Path) -> String {
    open(directory).await.unwrap_err().to_string()
}

/// The names of the messages that are leased for one of their destinations.
async fn lease(store: &SqliteStore, max: usize) -> Vec<TraceId> {
    let now = SystemTime::now();
    let request = LeaseRequest { which: Which::Due("x.example".into()), now, until: now, max };
    let leased = store.lease(request).await.unwrap();
    leased.jobs.iter().map(|leased| leased.entry.id).collect()
}

#[tokio::test]
async fn everything_is_the_owners_alone() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("a/queue");
    let store = open(&directory).await.unwrap();
    for number in [1, 7] {
        store.insert(message(number), body(number)).await.unwrap();
    }
    let mut seen = Vec::new();
    for folder in [directory.clone(), directory.join("content")] {
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            if entry.metadata().unwrap().is_file() {
                assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{entry:?}");
                seen.push(entry.file_name().into_string().unwrap());
            }
        }
    }
    seen.sort_unstable();
    let expected = ["000000000000000007", "lock", "queue.db", "queue.db-shm", "queue.db-wal", "reserve"];
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn one_has_the_directory() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    let refused = error(directory.path()).await;
    assert!(refused.ends_with("another process has this queue"), "{refused}");
    assert!(refused.contains(directory.path().to_str().unwrap()), "{refused}");
    store.close().await;
    open(directory.path()).await.unwrap();
}

#[tokio::test]
async fn a_store_that_is_closed_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    store.insert(message(1), body(1)).await.unwrap();
    store.close().await;
    store.close().await;
    for number in [2, 7] {
        let error = store.insert(message(number), body(number)).await.unwrap_err();
        assert_eq!(error.to_string(), "queue storage: the store is closed");
    }
    assert!(store.list(None, 9).await.is_err());
    assert_eq!(fs::read_dir(directory.path().join("content")).unwrap().count(), 0);
    assert_eq!(open(directory.path()).await.unwrap().usage().messages, 1);
}

#[tokio::test]
async fn files_that_no_message_needs_are_swept() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    store.insert(message(7), body(7)).await.unwrap();
    store.close().await;
    let folder = directory.path().join("content");
    fs::write(folder.join(id(14).as_str()), "half of a message").unwrap();
    let store = open(directory.path()).await.unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    assert!(read(store.content(id(7)).await.unwrap()).await == content(7));
}

#[tokio::test]
async fn a_content_that_is_gone_keeps_nobody_else_waiting() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    for number in [7, 8] {
        store.insert(message(number), body(number)).await.unwrap();
    }
    store.close().await;
    fs::remove_file(directory.path().join("content").join(id(7).as_str())).unwrap();
    let store = open(directory.path()).await.unwrap();
    assert!(store.content(id(7)).await.is_err());
    assert!(read(store.content(id(8)).await.unwrap()).await == content(8));
    assert!(store.remove(id(7)).await.unwrap());
}

#[tokio::test]
async fn what_cannot_be_read_is_held() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    for number in [1, 2] {
        store.insert(message(number), body(number)).await.unwrap();
    }
    store.close().await;
    let database = Connection::open(directory.path().join("queue.db")).unwrap();
    let damage = "UPDATE job SET recipients = '[{\"to\":\"nobody\"}]' WHERE message = 1 AND number = 0";
    assert_eq!(database.execute(damage, []).unwrap(), 1);
    let store = open(directory.path()).await.unwrap();
    assert_eq!(lease(&store, 9).await, [id(2)]);
    assert_eq!(lease(&store, 9).await, []);
    let state: String = database
        .query_row("SELECT state FROM job WHERE message = 1 AND number = 0", [], |row| row.get(0))
        .unwrap();
    assert_eq!(state, "held");
    let listed = store.list(None, 9).await.unwrap();
    assert_eq!(listed.iter().map(|listed| listed.entry.id).collect::<Vec<_>>(), [id(2)]);
    assert!(store.find(id(1)).await.is_err());
    assert!(store.remove(id(1)).await.unwrap());
}

#[tokio::test]
async fn databases_that_are_not_ours_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    open(directory.path()).await.unwrap().close().await;
    let file = directory.path().join("queue.db");
    let alter = |sql: &str| Connection::open(&file).unwrap().execute_batch(sql).unwrap();

    alter("PRAGMA user_version = 7");
    let later = error(directory.path()).await;
    assert!(later.ends_with("made by a later version of this program: schema 7, known up to 2"), "{later}");
    alter("PRAGMA user_version = 2");
    open(directory.path()).await.unwrap().close().await;
    alter("PRAGMA application_id = 1");
    let other = error(directory.path()).await;
    assert!(other.ends_with("this is another program's database"), "{other}");

    fs::write(&file, "no database at all, but text".repeat(1000)).unwrap();
    let damaged = error(directory.path()).await;
    assert!(damaged.contains("file is not a database"), "{damaged}");
}

#[tokio::test]
async fn who_locks_the_database_stops_nobody_for_ever() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    store.insert(message(1), body(1)).await.unwrap();
    let operator = Connection::open(directory.path().join("queue.db")).unwrap();
    operator.execute_batch("BEGIN IMMEDIATE").unwrap();
    let insertions = (2..10).map(|number| store.insert(message(number), body(number)));
    for refused in futures::future::join_all(insertions).await {
        let error = refused.unwrap_err().to_string();
        assert_eq!(error, "queue storage: another program has locked the database");
    }
    assert_eq!(store.list(None, 9).await.unwrap().len(), 1);
    operator.execute_batch("COMMIT").unwrap();
    store.insert(message(2), body(2)).await.unwrap();
    assert_eq!(fs::read_dir(directory.path().join("content")).unwrap().count(), 0);
}

#[tokio::test]
async fn more_messages_than_are_kept_at_hand_keep_their_order() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    // No large ones, which would take long.
    let numbers: Vec<u64> = (0..2500_u64).filter(|number| !number.is_multiple_of(7)).collect();
    for numbers in numbers.chunks(200) {
        let insertions = numbers.iter().map(|number| store.insert(message(*number), body(*number)));
        futures::future::join_all(insertions).await.into_iter().for_each(|octets| assert!(octets.is_ok()));
    }
    let database = Connection::open(directory.path().join("queue.db")).unwrap();
    let count = |state: &str| -> usize {
        let sql = "SELECT count(*) FROM job WHERE state = ?";
        database.query_row(sql, [state], |row| row.get::<_, u32>(0)).unwrap() as usize
    };
    let (new, ready) = (count("new"), count("ready"));
    assert!(new > 0 && ready > 0 && new + ready == 2 * numbers.len(), "{new} {ready}");
    let expected: Vec<TraceId> = numbers.iter().map(|number| id(*number)).collect();
    let mut leased = lease(&store, 1500).await;
    assert_eq!(leased, expected[..1500]);
    leased.extend(lease(&store, 5000).await);
    assert_eq!(leased, expected);
    assert_eq!(store.destinations().await.unwrap().len(), 2);
    store.release_all().await.unwrap();
    assert_eq!(store.hold(Selection::All, true).await.unwrap().len(), 2);
    assert_eq!(count("held"), new + ready);
    assert_eq!(lease(&store, 9).await, []);
}

#[tokio::test]
async fn what_an_operator_removes_is_delivered_to_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await.unwrap();
    for number in [1, 2, 3] {
        store.insert(message(number), body(number)).await.unwrap();
    }
    let (removed, leased) = tokio::join!(store.remove(id(1)), lease(&store, 1));
    // Whoever comes first has it.
    assert!(removed.unwrap() != leased.contains(&id(1)));
    assert!(store.remove(id(3)).await.unwrap());
    store.release_all().await.unwrap();
    assert!(!lease(&store, 9).await.contains(&id(3)));
}
