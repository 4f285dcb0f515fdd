//! PostgreSQL, over a pool of connections.

mod tls;

use std::net::IpAddr;
use std::pin::pin;
use std::time::Duration;

use deadpool_postgres::{
    Client, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime,
};
use futures_util::TryStreamExt as _;
use smtp_core::Secret;
pub use tls::VerifiedTls;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Column, Config};
use zeroize::Zeroizing;

use super::account::{Columns, Row};
use super::error::SqlStoreError;
use crate::store::{Limits, StoreError};
use crate::trust::TrustedRoots;

pub(super) struct Settings {
    pub(super) query: String,
    pub(super) timeout: Duration,
    pub(super) connections: usize,
    pub(super) roots: TrustedRoots,
    pub(super) without_tls: bool,
}

pub(super) struct Postgres {
    pool: Pool,
    query: String,
    limits: Limits,
}

impl Postgres {
    pub(super) fn new(address: &Secret, settings: Settings) -> Result<Self, SqlStoreError> {
        let address = address.expose_str().ok_or_else(|| SqlStoreError::Address("it is not UTF-8".into()))?;
        let mut config: Config = address.parse().map_err(|error| SqlStoreError::Address(Box::new(error)))?;
        config.connect_timeout(settings.timeout);
        demand_tls(&mut config, settings.without_tls);
        let tls = VerifiedTls::new(&settings.roots).map_err(|error| SqlStoreError::Trust(Box::new(error)))?;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config, tls, recycling))
            .max_size(settings.connections)
            .runtime(Runtime::Tokio1)
            .post_create(bound_of_time(settings.timeout))
            .build()
            .map_err(|error| SqlStoreError::Address(Box::new(error)))?;
        let limits = Limits::new(settings.connections, settings.timeout);
        Ok(Self { pool, query: settings.query, limits })
    }

    pub(super) async fn find(&self, name: &str) -> Result<Option<Row>, StoreError> {
        self.limits.run(self.find_fresh(name)).await
    }

    /// Asks once more if what failed was of the past.
    async fn find_fresh(&self, name: &str) -> Result<Option<Row>, StoreError> {
        match self.find_once(name).await {
            Err(error) if is_stale(&error) => self.find_once(name).await,
            found => found,
        }
    }

    async fn find_once(&self, name: &str) -> Result<Option<Row>, StoreError> {
        let lease = Lease(Some(self.pool.get().await.map_err(StoreError::new)?));
        let found = match &lease.0 {
            Some(client) => self.ask(client, name).await?,
            None => None,
        };
        lease.give_back();
        Ok(found)
    }

    async fn ask(&self, client: &Client, name: &str) -> Result<Option<Row>, StoreError> {
        let statement = client.prepare_cached(&self.query).await.map_err(StoreError::new)?;
        if statement.params().len() != 1 {
            return Err(StoreError::new("the query has not exactly one parameter, $1"));
        }
        let names: Vec<&str> = statement.columns().iter().map(Column::name).collect();
        let columns = Columns::find(&names)
            .ok_or_else(|| StoreError::new("the query has neither a column password nor scram"))?;
        let mut rows = pin!(client.query_raw(&statement, [name]).await.map_err(StoreError::new)?);
        let Some(row) = rows.try_next().await.map_err(StoreError::new)? else { return Ok(None) };
        if rows.try_next().await.map_err(StoreError::new)?.is_some() {
            return Err(StoreError::new("the query finds several users of one name"));
        }
        decode(&row, &columns).map(Some)
    }
}

/// A connection that is closed if its question is given up or fails: what is wrong with it may be
/// wrong with the next question too.
struct Lease(Option<Client>);

impl Lease {
    fn give_back(mut self) {
        self.0 = None;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.0.take().map(Object::take);
    }
}

/// Ends a query that takes longer than anybody waits for it.
fn bound_of_time(timeout: Duration) -> Hook {
    let set = format!("SET statement_timeout = {}", timeout.as_millis().clamp(1, 1_000_000_000));
    Hook::async_fn(move |client, _| {
        let set = set.clone();
        Box::pin(async move { client.batch_execute(&set).await.map_err(HookError::Backend) })
    })
}

/// TLS with servers elsewhere, and none with those on this host, unless something else was asked for.
fn demand_tls(config: &mut Config, without_tls: bool) {
    match config.get_ssl_mode() {
        SslMode::Prefer if is_local(config) => config.ssl_mode(SslMode::Disable),
        _ if is_local(config) || without_tls => config,
        _ => config.ssl_mode(SslMode::Require),
    };
}

/// Whether all servers are on this host.
fn is_local(config: &Config) -> bool {
    let is_local_host = |host: &Host| match host {
        Host::Tcp(name) => {
            name == "localhost" || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
        }
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    match config.get_hostaddrs() {
        [] => config.get_hosts().iter().all(is_local_host),
        addresses => addresses.iter().all(IpAddr::is_loopback),
    }
}

/// Whether it failed because the connection or what was prepared on it is of the past.
fn is_stale(error: &StoreError) -> bool {
    let source = std::error::Error::source(error);
    let Some(error) = source.and_then(|error| error.downcast_ref::<tokio_postgres::Error>()) else {
        return false;
    };
    let stale =
        [SqlState::ADMIN_SHUTDOWN, SqlState::FEATURE_NOT_SUPPORTED, SqlState::INVALID_SQL_STATEMENT_NAME];
    error.is_closed() || error.code().is_some_and(|code| stale.contains(code))
}

fn decode(row: &tokio_postgres::Row, columns: &Columns) -> Result<Row, StoreError> {
    Ok(Row {
        password: text(row, columns.password)?,
        scram: text(row, columns.scram)?,
        disabled: flag(row, columns.disabled)?,
        expired: flag(row, columns.expired)?,
    })
}

fn text(row: &tokio_postgres::Row, column: Option<usize>) -> Result<Option<Zeroizing<String>>, StoreError> {
    let Some(column) = column else { return Ok(None) };
    let text: Option<String> = row.try_get(column).map_err(StoreError::new)?;
    Ok(text.map(Zeroizing::new))
}

fn flag(row: &tokio_postgres::Row, column: Option<usize>) -> Result<bool, StoreError> {
    let Some(column) = column else { return Ok(false) };
    let kind = row.columns()[column].type_();
    let set = match *kind {
        Type::INT2 => {
            row.try_get::<_, Option<i16>>(column).map(|integer| integer.map(|integer| integer != 0))
        }
        Type::INT4 => {
            row.try_get::<_, Option<i32>>(column).map(|integer| integer.map(|integer| integer != 0))
        }
        Type::INT8 => {
            row.try_get::<_, Option<i64>>(column).map(|integer| integer.map(|integer| integer != 0))
        }
        _ => row.try_get::<_, Option<bool>>(column),
    };
    Ok(set.map_err(StoreError::new)?.unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_left_out_on_this_host_only() {
        let table = [
            ("host=db.example", false, SslMode::Require),
            ("host=db.example sslmode=disable", false, SslMode::Require),
            ("host=db.example sslmode=disable", true, SslMode::Disable),
            ("host=db.example", true, SslMode::Prefer),
            ("host=localhost,db.example", false, SslMode::Require),
            ("host=localhost hostaddr=192.0.2.1", false, SslMode::Require),
            ("host=localhost", false, SslMode::Disable),
            ("host=localhost sslmode=require", false, SslMode::Require),
            ("host=/run/postgresql", false, SslMode::Disable),
            ("postgres://smtpd@[::1]/mail", false, SslMode::Disable),
            ("postgres://smtpd@127.0.0.1/mail", false, SslMode::Disable),
            ("postgres://smtpd@192.0.2.1/mail", false, SslMode::Require),
        ];
        for (address, without_tls, mode) in table {
            let mut config: Config = address.parse().unwrap();
            demand_tls(&mut config, without_tls);
            assert_eq!(config.get_ssl_mode(), mode, "{address}");
        }
    }
}
