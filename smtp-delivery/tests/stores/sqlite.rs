use smtp_delivery::queue::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

use crate::suite::{Place, stores};

struct Directory(TempDir);

impl Place for Directory {
    type Store = SqliteStore;

    async fn open(&self) -> SqliteStore {
        let options = SqliteOptions::default().reserve(1 << 20);
        SqliteStore::open(self.0.path().join("queue"), options).await.unwrap()
    }

    async fn close(&self, store: SqliteStore) {
        store.close().await;
    }
}

stores!(async { Directory(tempfile::tempdir().unwrap()) });
