//! Users in a database.

mod account;
mod builder;
mod error;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use account::{Account, Row};
pub use builder::SqlStoreBuilder;
pub use error::SqlStoreError;
#[cfg(feature = "postgres")]
pub use postgres::VerifiedTls;
use smtp_core::Session;

use crate::password::{PasswordChecks, StoredPassword};
use crate::scram::{ScramCost, ScramHash, ScramKeys};
use crate::store::{CredentialStore, PasswordLogin, StoreError, Verdict};

/// A store that asks a database by a query of the site's own.
///
/// The query has one parameter, `$1`, to which the name is bound: it never becomes part of the
/// text. It gives at most one row, whose columns go by their names:
///
/// | column | what it holds |
/// |---|---|
/// | `password` | an Argon2id hash as a PHC string, or SCRAM keys in the form that `gsasl --mkpasswd` writes; text. Without one nobody logs in by PLAIN or LOGIN |
/// | `scram` | SCRAM keys in that form, of several hashes if need be, with spaces or line breaks in between; text; may be left out |
/// | `disabled` | whether the user may not log in; boolean or integer; may be left out |
/// | `expired` | whether the password is past its time, which who knows it is told; boolean or integer; may be left out |
///
/// Other columns are ignored. Only the name is sent to the database, never the password, and what
/// comes back is verified here: on the blocking pool, on half of the processors at most. An unknown
/// name costs what the last known one did.
///
/// Each login is bounded in time (5 seconds unless told), and only so many wait for the database. If
/// it is away, or the query does not fit it, clients are told to come again.
///
/// Cheap to clone.
#[cfg_attr(
    feature = "sqlite",
    doc = r#"
```
use smtp_auth::{ScramHash, SqlStore};

# #[tokio::main(flavor = "current_thread")]
# async fn main() -> Result<(), Box<dyn std::error::Error>> {
# let folder = tempfile::tempdir()?;
# let path = folder.path().join("mail.db");
# rusqlite::Connection::open(&path)?.execute_batch(
#     "CREATE TABLE users (name TEXT PRIMARY KEY, hash TEXT, keys TEXT, locked INTEGER)")?;
let query = "SELECT hash AS password, keys AS scram, locked AS disabled FROM users WHERE name = $1";
let store = SqlStore::sqlite(path, query).scram_keys([ScramHash::Sha256]).build()?;
store.check().await?;
# Ok(()) }
```
"#
)]
#[derive(Clone)]
pub struct SqlStore(Arc<Inner>);

struct Inner {
    name: Cow<'static, str>,
    database: Database,
    scram: Vec<ScramHash>,
    scram_cost: ScramCost,
    checks: PasswordChecks,
    /// Costs what the password of the last known user did.
    decoy: Mutex<StoredPassword>,
}

enum Database {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Sqlite),
    #[cfg(feature = "postgres")]
    Postgres(postgres::Postgres),
}

impl SqlStore {
    /// Asks the database once, for nobody: whether it is there and the query fits it.
    ///
    /// # Errors
    /// If not; the error says why.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.find("").await.map(drop)
    }

    async fn find(&self, name: &str) -> Result<Option<Account>, StoreError> {
        let row: Option<Row> = match &self.0.database {
            #[cfg(feature = "sqlite")]
            Database::Sqlite(sqlite) => sqlite.find(name).await?,
            #[cfg(feature = "postgres")]
            Database::Postgres(postgres) => postgres.find(name).await?,
        };
        Ok(row.map(|row| Account::decode(name, &row)))
    }

    /// Something to verify in the place of `password` where there is none.
    fn or_decoy(&self, password: Option<StoredPassword>) -> StoredPassword {
        // Nothing panics while the lock is held.
        let mut decoy = self.0.decoy.lock().unwrap_or_else(PoisonError::into_inner);
        match password {
            Some(password) => {
                *decoy = password.decoy();
                password
            }
            None => decoy.clone(),
        }
    }
}

impl CredentialStore for SqlStore {
    fn name(&self) -> Cow<'static, str> {
        self.0.name.clone()
    }

    async fn verify_password(&self, login: PasswordLogin, _: &Session) -> Result<Verdict, StoreError> {
        let account = self.find(&login.name).await?.unwrap_or_default();
        let known = account.password.is_some();
        let stored = self.or_decoy(account.password);
        let matches = self.0.checks.check(login.password, stored).await?;
        Ok(account.standing.verdict(matches & known))
    }

    fn has_scram_keys(&self, hash: ScramHash) -> bool {
        self.0.scram.contains(&hash)
    }

    async fn scram_keys(
        &self,
        name: &str,
        hash: ScramHash,
        _: &Session,
    ) -> Result<Option<ScramKeys>, StoreError> {
        Ok(self.find(name).await?.and_then(|account| account.into_keys(hash)))
    }

    fn scram_cost(&self) -> ScramCost {
        self.0.scram_cost
    }
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore").field("scram", &self.0.scram).finish_non_exhaustive()
    }
}
