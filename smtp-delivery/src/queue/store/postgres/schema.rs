//! The tables, and how those of an older version become those of this one.

use tokio_postgres::{Client, Error};

use super::failure::failed;
use crate::queue::StoreError;

/// What leads from each version to the next.
const STEPS: [&str; 1] = [include_str!("schema/1.sql")];

/// The longest name that PostgreSQL keeps whole.
const LONGEST_NAME: usize = 63;

/// Whether this is a name that needs no quotes.
pub(super) fn is_name(schema: &str) -> bool {
    let is_letter = |octet: u8| octet.is_ascii_lowercase() || octet == b'_';
    schema.len() <= LONGEST_NAME
        && schema.bytes().next().is_some_and(is_letter)
        && schema.bytes().all(|octet| is_letter(octet) || octet.is_ascii_digit())
}

/// Makes the tables, or brings them up to date. Of several nodes that begin at once, one does.
pub(super) async fn migrate(client: &mut Client, schema: &str) -> Result<(), StoreError> {
    let transaction = client.transaction().await.map_err(failed)?;
    let lock = format!("SELECT pg_advisory_xact_lock(hashtextextended('smtp queue {schema}', 0))");
    transaction.batch_execute(&lock).await.map_err(failed)?;
    // A role that may make no schemas can have one made for it.
    let exists = "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)";
    let exists: bool = transaction.query_one(exists, &[&schema]).await.map_err(failed)?.get(0);
    if !exists {
        transaction.batch_execute(&format!("CREATE SCHEMA \"{schema}\"")).await.map_err(failed)?;
    }
    let version = version(&transaction, schema).await.map_err(failed)?;
    let done = usize::try_from(version).unwrap_or_default();
    let Some(steps) = STEPS.get(done..) else {
        let error = format!("the queue in the database is of a later version, {version}");
        return Err(StoreError::Final(error.into()));
    };
    for step in steps {
        transaction.batch_execute(step).await.map_err(failed)?;
    }
    if !steps.is_empty() {
        let version = i64::try_from(STEPS.len()).unwrap_or_default();
        transaction.execute("UPDATE version SET version = $1", &[&version]).await.map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}

async fn version(transaction: &tokio_postgres::Transaction<'_>, schema: &str) -> Result<i64, Error> {
    let exists = "SELECT EXISTS (SELECT FROM pg_tables WHERE schemaname = $1 AND tablename = 'version')";
    let exists: bool = transaction.query_one(exists, &[&schema]).await?.get(0);
    if !exists {
        let make = "CREATE TABLE version (version bigint NOT NULL); INSERT INTO version VALUES (0)";
        transaction.batch_execute(make).await?;
    }
    Ok(transaction.query_one("SELECT version FROM version", &[]).await?.get(0))
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names_need_no_quotes() {
        for name in ["smtp_queue", "_q2", "q"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "2q", "Queue", "a\"b", "a b", "a;b", &"q".repeat(64)] {
            assert!(!is_name(name), "{name}");
        }
    }
}
