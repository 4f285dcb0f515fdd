use std::path::PathBuf;
use std::sync::Arc;

use smtp_server::delivery::queue::{
    Builder, PostgresOptions, PostgresStore, Queue, SqliteOptions, SqliteStore, Store, StoreError,
};

/// Where a store keeps its messages.
#[derive(Debug, Clone)]
pub enum Place {
    /// In this folder, with SQLite.
    Folder(PathBuf),
    /// In the PostgreSQL database of this address.
    Database(String),
}

/// A store that was opened.
#[derive(Debug, Clone)]
pub enum OpenStore {
    /// With SQLite.
    Sqlite(SqliteStore),
    /// In PostgreSQL.
    Postgres(PostgresStore),
}

impl Place {
    /// What the store is called.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Folder(_) => "SQLite",
            Self::Database(_) => "PostgreSQL",
        }
    }

    /// Opens the store.
    ///
    /// # Errors
    /// If it cannot be opened.
    pub async fn open(&self) -> Result<OpenStore, StoreError> {
        Ok(match self {
            Self::Folder(folder) => {
                OpenStore::Sqlite(SqliteStore::open(folder, SqliteOptions::default()).await?)
            }
            Self::Database(address) => {
                let options = PostgresOptions::default().node("stores");
                OpenStore::Postgres(PostgresStore::connect(address.as_str(), options).await?)
            }
        })
    }
}

impl OpenStore {
    /// The store, for who does not have to know which it is.
    pub fn shared(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(store) => Arc::new(store.clone()),
            Self::Postgres(store) => Arc::new(store.clone()),
        }
    }

    /// A queue in it.
    pub fn queue(&self) -> Builder {
        match self {
            Self::Sqlite(store) => Queue::builder(store.clone()),
            Self::Postgres(store) => Queue::builder(store.clone()),
        }
    }

    /// Closes the store.
    pub async fn close(self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }
}
