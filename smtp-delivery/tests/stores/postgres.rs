use smtp_delivery::queue::Store as _;
use smtp_delivery::queue::store::postgres::{PostgresOptions, PostgresStore};

use crate::suite::{Place, stores};
use peers::Postgres;

struct Database(Postgres);

impl Place for Database {
    type Store = PostgresStore;

    async fn open(&self) -> PostgresStore {
        let options = PostgresOptions::default().node("one");
        let store = PostgresStore::connect(self.0.address(), options).await.unwrap();
        store.release_all().await.unwrap();
        store
    }

    async fn close(&self, store: PostgresStore) {
        store.close().await;
    }
}

stores!(async { Database(Postgres::start()) });
