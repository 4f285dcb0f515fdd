use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{
    Client, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime,
};
use smtp_core::{BoxError, Secret};
use tokio::time::timeout;
use tokio_postgres::NoTls;

use super::config::config;
use super::failure::Failure;
use super::{PostgresOptions, PostgresTls};

/// A PostgreSQL database with a directory: a few connections, which are opened when they are needed. Nothing
/// is ever written to it. Cheap to clone.
#[derive(Clone)]
pub struct PostgresDatabase(Arc<Inner>);

struct Inner {
    pool: Pool,
    options: PostgresOptions,
}

/// What is asked on one connection.
pub(super) trait Question: Sync {
    type Answer: Send;

    fn ask(&self, client: &Client) -> impl Future<Output = Result<Self::Answer, Failure>> + Send;
}

impl PostgresDatabase {
    /// A database on this host, or behind a network that is [trusted]: its address has the form of libpq, as
    /// a URL (`postgres://smtpd:password@localhost/mail`) or in words (`host=/run/postgresql dbname=mail`). It is
    /// not asked yet.
    ///
    /// [trusted]: PostgresOptions::without_tls
    ///
    /// # Errors
    /// If the address is none, or that of a server elsewhere. The error has nothing of it.
    pub fn new(address: impl Into<Secret>, options: PostgresOptions) -> Result<Self, BoxError> {
        Self::open(&address.into(), NoTls, false, options)
    }

    /// A database anywhere, by TLS, which this connector has to verify. To this host it is used where the
    /// address has `sslmode=require`.
    ///
    /// # Errors
    /// If the address is none.
    pub fn with_tls(
        address: impl Into<Secret>,
        tls: impl PostgresTls,
        options: PostgresOptions,
    ) -> Result<Self, BoxError> {
        Self::open(&address.into(), tls, true, options)
    }

    fn open(
        address: &Secret,
        tls: impl PostgresTls,
        has_tls: bool,
        options: PostgresOptions,
    ) -> Result<Self, BoxError> {
        let config = config(address, has_tls, &options)?;
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config, tls, recycling))
            .max_size(options.connections)
            .runtime(Runtime::Tokio1)
            .post_create(begin(options.timeout))
            .build()?;
        Ok(Self(Arc::new(Inner { pool, options })))
    }

    /// Whether it is there.
    ///
    /// # Errors
    /// If it is not, or lets nobody in with this address.
    pub async fn check(&self) -> Result<(), BoxError> {
        Ok(self.ask(&Nothing).await?)
    }

    /// Asks within the time that there is, and once more if what failed was of the past.
    pub(super) async fn ask<Q: Question>(&self, question: &Q) -> Result<Q::Answer, Failure> {
        let answer = async {
            match self.ask_once(question).await {
                Err(failure) if failure.is_stale() => self.ask_once(question).await,
                answer => answer,
            }
        };
        let limit = self.0.options.timeout;
        let late = |_| Failure::Away(format!("the database gives no answer within {limit:?}"));
        timeout(limit, answer).await.map_err(late)?
    }

    async fn ask_once<Q: Question>(&self, question: &Q) -> Result<Q::Answer, Failure> {
        let borrowed = Borrowed(Some(self.0.pool.get().await?));
        let Some(client) = &borrowed.0 else {
            return Err(Failure::Away("there is no connection".to_owned()));
        };
        let answer = question.ask(client).await?;
        borrowed.give_back();
        Ok(answer)
    }

    /// How old aliases may be.
    pub(super) fn refresh(&self) -> Duration {
        self.0.options.refresh
    }
}

/// How each connection begins: a query ends when nobody waits for it any more, and none writes.
fn begin(timeout: Duration) -> Hook {
    let begin = format!(
        "SET statement_timeout = {}; SET default_transaction_read_only = on",
        timeout.as_millis().clamp(1, 1_000_000_000)
    );
    Hook::async_fn(move |client, _| {
        let begin = begin.clone();
        Box::pin(async move { client.batch_execute(&begin).await.map_err(HookError::Backend) })
    })
}

/// A connection that is closed if its question is given up or fails: nobody knows in which state it is,
/// then.
struct Borrowed(Option<Client>);

impl Borrowed {
    fn give_back(mut self) {
        self.0 = None;
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        self.0.take().map(Object::take);
    }
}

struct Nothing;

impl Question for Nothing {
    type Answer = ();

    async fn ask(&self, client: &Client) -> Result<(), Failure> {
        Ok(client.batch_execute("").await?)
    }
}

impl fmt::Debug for PostgresDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresDatabase").field("options", &self.0.options).finish_non_exhaustive()
    }
}
