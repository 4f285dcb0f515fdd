use smtp_server::BoxError;
use smtp_server::auth::SqlStore as Sql;
#[cfg(feature = "postgres")]
use smtp_server::auth::{SqlStoreBuilder, TrustedRoots};

use crate::config::{Database, SqlStore};

pub(super) fn open(store: &SqlStore) -> Result<Sql, BoxError> {
    let query = store.query.as_str();
    let builder = match &store.database {
        #[cfg(feature = "sqlite")]
        Database::Sqlite(path) => Sql::sqlite(path, query),
        #[cfg(feature = "postgres")]
        Database::Postgres(address) => trusting(store, Sql::postgres(address.0.as_str(), query)),
        #[cfg(feature = "postgres")]
        Database::PostgresFile(path) => trusting(store, Sql::postgres(super::secret::read(path)?, query)),
    };
    Ok(builder.scram_keys(store.scram.iter().copied()).timeout(store.timeout).build()?)
}

#[cfg(feature = "postgres")]
fn trusting(store: &SqlStore, builder: SqlStoreBuilder) -> SqlStoreBuilder {
    match &store.ca {
        Some(ca) => builder.trusted_roots(TrustedRoots::File(ca.clone())),
        None => builder,
    }
}
