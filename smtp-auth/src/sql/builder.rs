use std::borrow::Cow;
#[cfg(feature = "sqlite")]
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[cfg(feature = "postgres")]
use smtp_core::Secret;

use super::{Database, Inner, SqlStore, SqlStoreError};
use crate::password::{PasswordChecks, StoredPassword, decoy_argon2id};
use crate::scram::{ScramCost, ScramHash};
#[cfg(feature = "postgres")]
use crate::trust::TrustedRoots;

/// Sets up a [`SqlStore`].
#[derive(Debug)]
#[must_use]
pub struct SqlStoreBuilder {
    source: Source,
    query: String,
    name: Cow<'static, str>,
    timeout: Duration,
    scram: Vec<ScramHash>,
    scram_cost: ScramCost,
    #[cfg(feature = "postgres")]
    connections: usize,
    #[cfg(feature = "postgres")]
    roots: TrustedRoots,
    #[cfg(feature = "postgres")]
    without_tls: bool,
}

#[derive(Debug)]
enum Source {
    #[cfg(feature = "sqlite")]
    Sqlite(PathBuf),
    #[cfg(feature = "postgres")]
    Postgres(Secret),
}

impl SqlStore {
    /// Asks a SQLite database, which is opened for reading only. One that takes the place of
    /// another is noticed.
    #[cfg(feature = "sqlite")]
    pub fn sqlite(path: impl Into<PathBuf>, query: impl Into<String>) -> SqlStoreBuilder {
        SqlStoreBuilder::new(Source::Sqlite(path.into()), query.into(), "sqlite")
    }

    /// Asks a PostgreSQL database. Its address has the form of libpq, as a URL
    /// (`postgres://smtpd:password@db.example/mail`) or in words (`host=/run/postgresql dbname=mail`).
    ///
    /// TLS is required, and the server's certificate verified, unless the server is on this host.
    #[cfg(feature = "postgres")]
    pub fn postgres(address: impl Into<Secret>, query: impl Into<String>) -> SqlStoreBuilder {
        SqlStoreBuilder::new(Source::Postgres(address.into()), query.into(), "postgres")
    }
}

impl SqlStoreBuilder {
    fn new(source: Source, query: String, name: &'static str) -> Self {
        Self {
            source,
            query,
            name: name.into(),
            timeout: Duration::from_secs(5),
            scram: Vec::new(),
            scram_cost: ScramCost::default(),
            #[cfg(feature = "postgres")]
            connections: 8,
            #[cfg(feature = "postgres")]
            roots: TrustedRoots::default(),
            #[cfg(feature = "postgres")]
            without_tls: false,
        }
    }

    /// What the store is called in identities and logs; `sqlite` or `postgres` unless told.
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = name.into();
        self
    }

    /// How long a login waits for the database; 5 seconds unless told.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Says that the query gives SCRAM keys for these hashes, in the column `scram` or in the place
    /// of a password. Without keys for all who log in, their clients choose SCRAM and fail.
    pub fn scram_keys(mut self, hashes: impl IntoIterator<Item = ScramHash>) -> Self {
        self.scram = hashes.into_iter().collect();
        self
    }

    /// What the SCRAM keys of most users cost: those made up for unknown names must not differ. That
    /// of [`ScramCost::default`] unless told.
    pub fn scram_cost(mut self, cost: ScramCost) -> Self {
        self.scram_cost = cost;
        self
    }

    /// How many connections to PostgreSQL there may be; 8 unless told.
    #[cfg(feature = "postgres")]
    pub fn connections(mut self, connections: usize) -> Self {
        self.connections = connections.max(1);
        self
    }

    /// Which certificate authorities may vouch for PostgreSQL's server.
    #[cfg(feature = "postgres")]
    pub fn trusted_roots(mut self, roots: TrustedRoots) -> Self {
        self.roots = roots;
        self
    }

    /// Does what the address says of TLS (`sslmode`) with a PostgreSQL server on another host too:
    /// whoever is in between reads names and hashes, and can answer in the place of the server.
    ///
    /// Logs a warning.
    #[cfg(feature = "postgres")]
    pub fn allow_without_tls(mut self) -> Self {
        tracing::warn!("the database with the users may be asked without TLS");
        self.without_tls = true;
        self
    }

    /// Makes the store. The database is not asked yet; [`check`](SqlStore::check) does that.
    ///
    /// # Errors
    /// If the address is malformed, the certificates cannot be read, or there is no thread to be had.
    pub fn build(self) -> Result<SqlStore, SqlStoreError> {
        let database = match &self.source {
            #[cfg(feature = "sqlite")]
            Source::Sqlite(path) => {
                Database::Sqlite(super::sqlite::Sqlite::start(path.clone(), self.query, self.timeout)?)
            }
            #[cfg(feature = "postgres")]
            Source::Postgres(address) => {
                let settings = super::postgres::Settings {
                    query: self.query,
                    timeout: self.timeout,
                    connections: self.connections,
                    roots: self.roots,
                    without_tls: self.without_tls,
                };
                Database::Postgres(super::postgres::Postgres::new(address, settings)?)
            }
        };
        Ok(SqlStore(Arc::new(Inner {
            name: self.name,
            database,
            scram: self.scram,
            scram_cost: self.scram_cost,
            checks: PasswordChecks::default(),
            decoy: Mutex::new(StoredPassword::Argon2id(decoy_argon2id(None))),
        })))
    }
}
