use std::pin::pin;
use std::sync::Arc;

use deadpool_postgres::Client;
use futures_util::TryStreamExt as _;
use smtp_core::{BoxError, Mailbox};
use tokio_postgres::types::ToSql;

use super::PostgresDatabase;
use super::database::Question;
use super::failure::Failure;
use crate::aliases::Users;
use crate::aliases::users::looked_up;

/// Users in a PostgreSQL database. Cheap to clone.
///
/// The query has one parameter, `$1`, to which the address is bound, `joe@example.org`, its domain in
/// ASCII, with small letters for capital ones of ASCII: it never becomes part of the text. Who is found has
/// a mailbox, whatever the row says.
///
/// Each lookup is bounded in [time](super::PostgresOptions::timeout); where the database is away, clients
/// are told to come again.
#[derive(Debug, Clone)]
pub struct PostgresUsers {
    database: PostgresDatabase,
    query: Arc<str>,
}

impl PostgresUsers {
    /// Asks this database by this query, for nobody at first. That it is away is no error: the log says so.
    ///
    /// # Errors
    /// If the query does not fit the database.
    pub async fn open(database: &PostgresDatabase, query: impl Into<Arc<str>>) -> Result<Self, BoxError> {
        let users = Self { database: database.clone(), query: query.into() };
        match users.has("").await {
            Err(failure) if failure.is_misfit() => return Err(failure.into()),
            Err(failure) => tracing::error!(error = %failure, "the users in PostgreSQL cannot be looked up"),
            Ok(_) => {}
        }
        Ok(users)
    }

    pub(super) async fn has(&self, address: &str) -> Result<bool, Failure> {
        // No text of a database has a NUL.
        if address.contains('\0') {
            return Ok(false);
        }
        self.database.ask(&HasMailbox { query: &self.query, address }).await
    }
}

impl Users for PostgresUsers {
    async fn has_mailbox(&self, mailbox: &Mailbox) -> Result<bool, BoxError> {
        match looked_up(mailbox) {
            Some(address) => Ok(self.has(&address).await?),
            None => Ok(false),
        }
    }
}

struct HasMailbox<'a> {
    query: &'a str,
    address: &'a str,
}

impl Question for HasMailbox<'_> {
    type Answer = bool;

    async fn ask(&self, client: &Client) -> Result<bool, Failure> {
        let statement = client.prepare_cached(self.query).await?;
        match statement.params() {
            [kind] if <&str as ToSql>::accepts(kind) => {}
            [kind] => return Err(Failure::wrong(format!("$1 is of the type {kind}, not a text"))),
            _ => return Err(Failure::wrong("the query has not exactly one parameter, $1")),
        }
        if statement.columns().is_empty() {
            return Err(Failure::wrong("the query gives no rows"));
        }
        // However many there are, one is enough.
        let mut rows = pin!(client.query_raw(&statement, [self.address]).await?);
        Ok(rows.try_next().await?.is_some())
    }
}
