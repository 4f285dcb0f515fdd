//! Connections with the database.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Client, Hook, HookError, Manager, ManagerConfig, Object, Pool, QueueMode, RecyclingMethod, Runtime,
};
use smtp_core::{BoxFuture, Secret};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{AsyncMessage, Config, Error, Socket};

use super::PostgresOptions;
use super::failure::{failed, no_connection};
use crate::queue::StoreError;

/// What makes TLS with a database: any connector of the driver `tokio_postgres`.
pub trait PostgresTls:
    MakeTlsConnect<Socket, Stream: Send + Sync, TlsConnect: Send + Sync + TlsConnect<Socket, Future: Send>>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<T> PostgresTls for T where
    T: MakeTlsConnect<
            Socket,
            Stream: Send + Sync,
            TlsConnect: Send + Sync + TlsConnect<Socket, Future: Send>,
        > + Clone
        + Send
        + Sync
        + 'static
{
}

/// Hears what the server says without being asked.
pub(super) type Hear = Arc<dyn Fn(&str) + Send + Sync>;
/// A connection of its own, and the task that ends with it.
pub(super) type Alone = (tokio_postgres::Client, JoinHandle<()>);
/// Opens one.
pub(super) type Connect = Box<dyn Fn(Hear) -> BoxFuture<Result<Alone, Error>> + Send + Sync>;

/// The address, understood, and with TLS unless it is on this host.
pub(super) fn config(
    address: &Secret,
    has_tls: bool,
    options: &PostgresOptions,
) -> Result<Config, StoreError> {
    let address = address.expose_str().ok_or_else(|| StoreError::other("the address is not UTF-8"))?;
    // The error names a key, but never a value.
    let mut config: Config = address.parse().map_err(failed)?;
    config.connect_timeout(options.timeout).tcp_user_timeout(options.timeout);
    config.application_name(config.get_application_name().unwrap_or("smtp queue").to_owned());
    let local = is_local(&config);
    match config.get_ssl_mode() {
        SslMode::Prefer if local => config.ssl_mode(SslMode::Disable),
        _ if local || options.without_tls => &mut config,
        _ if !has_tls => {
            return Err(StoreError::other("a database on another host needs TLS"));
        }
        _ => config.ssl_mode(SslMode::Require),
    };
    Ok(config)
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

/// What opens connections that hear notifications.
pub(super) fn connect(config: Config, tls: impl PostgresTls) -> Connect {
    Box::new(move |hear| {
        let (config, tls) = (config.clone(), tls.clone());
        Box::pin(async move {
            let (client, mut connection) = config.connect(tls).await?;
            let driver = tokio::spawn(async move {
                loop {
                    match std::future::poll_fn(|cx| connection.poll_message(cx)).await {
                        Some(Ok(AsyncMessage::Notification(news))) => hear(news.payload()),
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => return,
                    }
                }
            });
            Ok((client, driver))
        })
    })
}

/// The connections for all else.
pub(super) fn pool(
    config: Config,
    tls: impl PostgresTls,
    options: &PostgresOptions,
) -> Result<Pool, StoreError> {
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let begin: Arc<str> = begin(&options.schema, options.timeout).into();
    Pool::builder(Manager::from_config(config, tls, recycling))
        .max_size(options.connections)
        // What one of the database's processes knows already the next one would have to find out.
        .queue_mode(QueueMode::Lifo)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(options.timeout))
        .create_timeout(Some(options.timeout))
        .post_create(Hook::async_fn(move |client, _| {
            let begin = begin.clone();
            Box::pin(async move { client.batch_execute(&begin).await.map_err(HookError::Backend) })
        }))
        .build()
        .map_err(StoreError::other)
}

/// How each connection begins.
///
/// What is acknowledged has to be on disk, whatever the database does for others. The tables are empty at
/// one moment and full at the next, which statistics know too late: every question has an index. Whoever wants a
/// row that somebody keeps locked is refused while there is time left for those who share a transaction with it.
fn begin(schema: &str, timeout: Duration) -> String {
    format!(
        "SET search_path = \"{schema}\"; SET statement_timeout = {}; SET lock_timeout = {};\
         SELECT set_config('synchronous_commit', 'on', false) \
             WHERE current_setting('synchronous_commit') = 'off';\
         SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off;\
         SET enable_mergejoin = off; SET jit = off",
        milliseconds(timeout),
        milliseconds(timeout / 4)
    )
}

/// How the connection begins on which nodes talk: what is said there need not be on disk.
pub(super) fn begin_alone(schema: &str, timeout: Duration) -> String {
    format!(
        "SET search_path = \"{schema}\"; SET statement_timeout = {}; SET synchronous_commit = off",
        milliseconds(timeout)
    )
}

fn milliseconds(time: Duration) -> u128 {
    time.as_millis().clamp(1, 1_000_000_000)
}

/// Waits for an answer of the database, but not for ever.
pub(super) async fn in_time<T>(
    limit: Duration,
    answer: impl Future<Output = Result<T, Error>>,
) -> Result<T, StoreError> {
    match timeout(limit, answer).await {
        Ok(answer) => answer.map_err(failed),
        Err(_) => Err(StoreError::other("the database takes too long")),
    }
}

/// Asks all of this at once, as one transaction: of whatever fails, nothing is done.
macro_rules! transaction {
    ($client:expr, $($question:expr),+ $(,)?) => {
        futures::try_join!(
            $client.batch_execute("BEGIN"),
            $(async { $question.await },)+
            $client.batch_execute("COMMIT"),
        )
    };
}
pub(super) use transaction;

/// A connection that is closed if what it was taken for is given up or fails: nobody knows in which state
/// it is, then.
pub(super) struct Borrowed(Option<Client>);

impl Borrowed {
    pub(super) async fn from(pool: &Pool) -> Result<Self, StoreError> {
        Ok(Self(Some(pool.get().await.map_err(no_connection)?)))
    }

    pub(super) fn give_back(mut self) {
        self.0 = None;
    }
}

impl Deref for Borrowed {
    type Target = Client;

    fn deref(&self) -> &Client {
        match &self.0 {
            Some(client) => client,
            None => unreachable!("it is there until it is given back or dropped"),
        }
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        self.0.take().map(Object::take);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_left_out_on_this_host_only() {
        let table = [
            ("host=db.example", true, false, Some(SslMode::Require)),
            ("host=db.example", false, false, None),
            ("host=db.example sslmode=disable", true, false, Some(SslMode::Require)),
            ("host=db.example sslmode=disable", false, true, Some(SslMode::Disable)),
            ("host=localhost,db.example", false, false, None),
            ("host=localhost hostaddr=192.0.2.1", false, false, None),
            ("host=localhost", false, false, Some(SslMode::Disable)),
            ("host=localhost sslmode=require", true, false, Some(SslMode::Require)),
            ("host=/run/postgresql", false, false, Some(SslMode::Disable)),
            ("postgres://smtpd@[::1]/mail", false, false, Some(SslMode::Disable)),
            ("postgres://smtpd@192.0.2.1/mail", true, false, Some(SslMode::Require)),
        ];
        for (address, has_tls, without, expected) in table {
            let options = PostgresOptions { without_tls: without, ..PostgresOptions::default() };
            let config = config(&address.into(), has_tls, &options);
            assert_eq!(config.ok().map(|config| config.get_ssl_mode()), expected, "{address}");
        }
    }

    #[test]
    fn no_password_is_shown() {
        let options = PostgresOptions::default();
        let address = "postgres://smtpd:hunter2@localhost/mail?color=hunter2";
        let error = config(&address.into(), false, &options).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        let config = config(&"host=/run user=x password=hunter2".into(), false, &options).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"), "{config:?}");
    }
}
