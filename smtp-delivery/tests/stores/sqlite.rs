use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use smtp_delivery::queue::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

use crate::suite::{Place, follows_the_model, keeps_its_promises, stores};

struct Directory {
    root: TempDir,
    current: Mutex<PathBuf>,
}

impl Directory {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let current = Mutex::new(root.path().join("0"));
        Self { root, current }
    }

    fn current(&self) -> PathBuf {
        self.current.lock().unwrap().clone()
    }
}

impl Place for Directory {
    type Store = SqliteStore;

    async fn open(&self) -> SqliteStore {
        SqliteStore::open(self.current(), SqliteOptions::default().reserve(4096)).await.unwrap()
    }

    async fn close(&self, store: SqliteStore) {
        store.close().await;
    }

    /// Goes on with the files as they are now: what a process has in memory is not in them.
    async fn crash(&self, store: SqliteStore) {
        let now = self.current();
        let next = self.root.path().join(fs::read_dir(self.root.path()).unwrap().count().to_string());
        fs::create_dir_all(next.join("content")).unwrap();
        for name in ["queue.db", "queue.db-wal"] {
            fs::copy(now.join(name), next.join(name)).unwrap();
        }
        for file in fs::read_dir(now.join("content")).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), next.join("content").join(file.file_name())).unwrap();
        }
        *self.current.lock().unwrap() = next;
        store.close().await;
    }
}

stores!(async { Directory::new() });
follows_the_model!(10, async { Directory::new() });
keeps_its_promises!(8, async { Directory::new() });
