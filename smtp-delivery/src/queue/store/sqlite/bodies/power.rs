//! What would be left of the files if the power failed: a file without its sync may have any part of its
//! content, a name without a sync of its directory may be there or not.
//!
//! The files are written for real; beside them it is noted what of them is durable. After each message
//! that was acknowledged the directory is made anew as a machine without power might find it, and the
//! store has to have everything. The database is taken as it is: that SQLite syncs it is SQLite's part.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use rusqlite::Connection;
use smtp_core::testing::{facts, recipient, sender};

use super::files::{Disk, Files};
use super::{Bodies, TraceId};
use crate::bounce::Written;
use crate::queue::store::sqlite::{SqliteOptions, SqliteStore, open};
use crate::queue::store::{NewMessage, Settlement, Store as _};
use crate::queue::{Entry, Job, JobKey, Origin};

/// What a store might forget.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Forgotten {
    Nothing,
    Content,
    Names,
}

/// What of a file is durable.
#[derive(Debug, Clone, Copy, Default)]
struct Durable {
    name: bool,
    octets: u64,
}

#[derive(Debug)]
struct Recorded {
    disk: Disk,
    files: Arc<Mutex<BTreeMap<String, Durable>>>,
    forgotten: Forgotten,
    /// The database, to see that no file goes before its message.
    database: std::path::PathBuf,
}

impl Files for Recorded {
    fn create(&self, name: &str) -> io::Result<File> {
        self.files.lock().unwrap().insert(name.to_owned(), Durable::default());
        self.disk.create(name)
    }

    fn append(&self, name: &str, file: &mut File, octets: &[u8]) -> io::Result<()> {
        self.disk.append(name, file, octets)
    }

    fn sync(&self, name: &str, file: &File) -> io::Result<()> {
        if self.forgotten != Forgotten::Content {
            self.files.lock().unwrap().get_mut(name).unwrap().octets = file.metadata()?.len();
        }
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        if self.forgotten != Forgotten::Names {
            self.files.lock().unwrap().values_mut().for_each(|durable| durable.name = true);
        }
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let database = Connection::open(&self.database).unwrap();
        let needed = "SELECT count(*) FROM message WHERE id = ?";
        let needed: u64 = database.query_row(needed, [name], |row| row.get::<_, u32>(0)).unwrap().into();
        assert_eq!(needed, 0, "the message is there yet");
        self.disk.remove(name)
    }

    fn open(&self, name: &str) -> io::Result<File> {
        self.disk.open(name)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        self.disk.names()
    }
}

fn options() -> SqliteOptions {
    SqliteOptions::default().inline(1000).reserve(0)
}

fn message(id: TraceId) -> NewMessage {
    let now = SystemTime::now();
    let entry = Entry {
        id,
        sender: sender("joe@example.org"),
        origin: Origin::of(facts().session()),
        arrival: now,
        release: now,
        expires: now,
        priority: 0,
        written: Written::ByOthers,
    };
    let recipients = vec![recipient("jane@example.net").into()];
    let destination = "example.net".into();
    let (due, notice) = (now, now);
    let job = Job { number: 0, destination, recipients, due, notice, turn: 0, attempts: 0, told: None };
    NewMessage { entry, jobs: vec![job] }
}

fn content(number: usize) -> Vec<u8> {
    format!("{number:08}").repeat(100_000).into_bytes()
}

/// The directory as it may be found when the power is back.
fn fail(from: &Path, to: &Path, files: &BTreeMap<String, Durable>) {
    fs::create_dir_all(to.join("content")).unwrap();
    for name in ["queue.db", "queue.db-wal"] {
        fs::copy(from.join(name), to.join(name)).unwrap();
    }
    for (name, durable) in files {
        let Ok(mut octets) = fs::read(from.join("content").join(name)) else { continue };
        if !durable.name && rand::random() {
            continue;
        }
        let lost = octets.len() - usize::try_from(durable.octets).unwrap();
        let kept = octets.len() - if lost > 0 { rand::random_range(1..=lost) } else { 0 };
        octets.truncate(kept);
        fs::write(to.join("content").join(name), octets).unwrap();
    }
}

/// Whether all of these messages, and no others, are there and whole.
async fn is_whole(store: &SqliteStore, messages: &BTreeMap<TraceId, Vec<u8>>) -> bool {
    for (id, expected) in messages {
        let Ok(mut body) = store.content(*id).await else { return false };
        let mut octets = Vec::new();
        while let Some(chunk) = body.next().await {
            octets.extend_from_slice(&chunk.unwrap());
        }
        if octets != *expected {
            return false;
        }
    }
    store.usage().messages == messages.len() as u64
}

/// Stores and settles messages, and lets the power fail behind each; whether everything was there each time.
async fn survives(forgotten: Forgotten) -> bool {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("queue");
    let files = Arc::new(Mutex::new(BTreeMap::new()));
    let recorded = {
        let (files, database) = (files.clone(), directory.join("queue.db"));
        |path: &Path| Ok(Bodies(Arc::new(Recorded { disk: Disk::new(path)?, files, forgotten, database })))
    };
    let store = open::open_over(&directory, options(), recorded).unwrap();
    let mut messages = BTreeMap::new();
    for number in 0..8 {
        let id = TraceId::new(jiff::Timestamp::now());
        store.insert(message(id), content(number).into()).await.unwrap();
        messages.insert(id, content(number));
        if number % 3 == 2 {
            let (id, _) = messages.pop_first().unwrap();
            let key = JobKey { id, number: 0 };
            store.settle(Settlement { key, rest: None }).await.unwrap();
        }
        let after = root.path().join(number.to_string());
        fail(&directory, &after, &files.lock().unwrap());
        let found = open::open(&after, options()).unwrap();
        if !is_whole(&found, &messages).await {
            return false;
        }
        assert_eq!(fs::read_dir(after.join("content")).unwrap().count(), messages.len());
    }
    true
}

#[tokio::test]
async fn what_was_acknowledged_outlives_the_power() {
    assert!(survives(Forgotten::Nothing).await);
}

#[tokio::test]
async fn a_sync_that_is_forgotten_is_found() {
    assert!(!survives(Forgotten::Content).await);
    assert!(!survives(Forgotten::Names).await);
}
