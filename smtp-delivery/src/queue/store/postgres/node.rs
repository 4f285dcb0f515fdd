use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use deadpool_postgres::Pool;
use tokio_postgres::{Client, Error};

use super::PostgresOptions;
use super::changes::Changes;
use super::connection::{Borrowed, in_time};
use super::failure::failed;
use super::held::Held;
use super::insertion::Insert;
use super::settle::Settle;
use super::usage::Counted;
use super::writer::Writer;
use crate::queue::StoreError;

/// This process, among those that share the queue.
///
/// Its row in the table `node` is all that its leases and its destinations hang on: as long as it is there
/// they are this node's, and whoever removes it frees them in the same transaction.
pub(super) struct Node {
    pub(super) pool: Pool,
    pub(super) options: PostgresOptions,
    pub(super) insertions: Writer<Insert>,
    pub(super) settlements: Writer<Settle>,
    pub(super) held: Held,
    pub(super) counted: Counted,
    /// What others did, for the worker.
    pub(super) heard: Changes,
    /// What this node did, for the others.
    pub(super) said: Changes,
    /// There are no others.
    pub(super) alone: AtomicBool,
    name: String,
    id: AtomicI64,
}

const REGISTER: &str = "
    INSERT INTO node (name, until) VALUES ($1, clock_timestamp() + make_interval(secs => $2)) RETURNING id";
const LIVE: &str = "UPDATE node SET until = clock_timestamp() + make_interval(secs => $2) WHERE id = $1";
const BURY: &str = "DELETE FROM node WHERE until < clock_timestamp() RETURNING name";
/// What the answer to a lease would have told, which never came; and what the worker has forgotten.
const RECLAIM: &str = "
    UPDATE job SET node = NULL
    WHERE node = $1 AND leased < clock_timestamp() - make_interval(secs => $2) AND lease <> ALL ($3)";
/// No job is being taken for these, nor will be before the transaction ends.
const IDLE: &str = "
    SELECT name FROM destination
    WHERE node = $1 AND NOT EXISTS (SELECT FROM job WHERE job.node = $1 AND job.destination = name)
    FOR UPDATE SKIP LOCKED";
const GIVE_UP: &str = "
    DELETE FROM destination
    WHERE node = $1 AND name = ANY ($2)
        AND NOT EXISTS (SELECT FROM job WHERE job.node = $1 AND job.destination = name)
    RETURNING name, EXISTS (
        SELECT FROM job WHERE job.destination = name AND ripe AND job.node IS NULL AND NOT held
    ) AS more";

impl Node {
    pub(super) fn new(pool: Pool, options: PostgresOptions) -> Self {
        let name = options.node.clone().unwrap_or_else(|| format!("{:016x}", rand::random::<u64>()));
        let limit = options.timeout;
        Self {
            insertions: Writer::start(pool.clone(), limit),
            settlements: Writer::start(pool.clone(), limit),
            pool,
            options,
            held: Held::default(),
            counted: Counted::default(),
            heard: Changes::default(),
            said: Changes::default(),
            alone: AtomicBool::new(false),
            name,
            id: AtomicI64::new(0),
        }
    }

    /// Its row, as it is now: one that was believed dead gets another.
    pub(super) fn id(&self) -> i64 {
        self.id.load(Ordering::Relaxed)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Joins the others, in the place of the last one that had this name.
    pub(super) async fn join(&self, client: &Client) -> Result<(), StoreError> {
        if self.options.node.is_some() {
            let before = "DELETE FROM node WHERE name = $1";
            self.in_time(client.execute(before, &[&self.name])).await?;
        }
        let id = self.register(client).await?;
        self.id.store(id, Ordering::Relaxed);
        Ok(())
    }

    /// Joins the others anew, who believed that this node, as it was, is dead.
    pub(super) async fn rise(&self, before: i64) -> Result<(), StoreError> {
        let client = Borrowed::from(&self.pool).await?;
        let id = self.register(&client).await?;
        if self.id.compare_exchange(before, id, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            tracing::warn!(node = self.name, "the other nodes believed that this one is dead");
        } else {
            self.in_time(client.execute("DELETE FROM node WHERE id = $1", &[&id])).await?;
        }
        client.give_back();
        Ok(())
    }

    async fn register(&self, client: &Client) -> Result<i64, StoreError> {
        self.in_time(client.query_one(REGISTER, &[&self.name, &self.lease_time()]))
            .await?
            .try_get(0)
            .map_err(failed)
    }

    /// Leaves: what it had is free.
    pub(super) async fn leave(&self, client: &Client) -> Result<(), StoreError> {
        self.in_time(client.execute("DELETE FROM node WHERE id = $1", &[&self.id()])).await.map(drop)
    }

    /// Ends all leases, and gives up all destinations.
    pub(super) async fn release_all(&self) -> Result<(), StoreError> {
        let (client, me) = (Borrowed::from(&self.pool).await?, self.id());
        let release = async {
            client.execute("DELETE FROM destination WHERE node = $1", &[&me]).await?;
            client.execute("UPDATE job SET node = NULL WHERE node = $1", &[&me]).await
        };
        self.held.forget_all();
        if self.in_time(release).await? > 0 {
            self.said.add_all();
        }
        client.give_back();
        Ok(())
    }

    /// Gives a sign of life.
    pub(super) async fn live(&self, client: &Client) -> Result<(), StoreError> {
        let me = self.id();
        if self.in_time(client.execute(LIVE, &[&me, &self.lease_time()])).await? == 0 {
            self.rise(me).await?;
        }
        Ok(())
    }

    /// Takes from the dead what they had.
    pub(super) async fn bury(&self, client: &Client) -> Result<(), StoreError> {
        let dead = self.in_time(client.query(BURY, &[])).await?;
        for row in &dead {
            let node = row.try_get::<_, &str>(0).map_err(failed)?;
            tracing::warn!(node, "a node is dead, and others take over what it had");
        }
        if !dead.is_empty() {
            self.heard.add_all();
            self.said.add_all();
        }
        Ok(())
    }

    /// Frees jobs that this node has without knowing.
    pub(super) async fn reclaim(&self, client: &Client) -> Result<(), StoreError> {
        let leases = self.held.leases();
        if self.in_time(client.execute(RECLAIM, &[&self.id(), &self.lease_time(), &leases])).await? > 0 {
            self.heard.add_all();
        }
        Ok(())
    }

    /// Lets others have the destinations to which nothing is being delivered.
    pub(super) async fn give_up_idle(&self, client: &mut Client) -> Result<(), StoreError> {
        let me = self.id();
        let give_up = async {
            let transaction = client.transaction().await?;
            let idle = transaction.query(IDLE, &[&me]).await?;
            let names: Vec<&str> = idle.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
            let rows = match names.is_empty() {
                true => Vec::new(),
                false => transaction.query(GIVE_UP, &[&me, &names]).await?,
            };
            transaction.commit().await?;
            Ok(rows)
        };
        let given_up = self.in_time(give_up).await?;
        let waiting = given_up.iter().filter(|row| row.try_get(1).unwrap_or(true)).filter_map(|row| {
            let destination = row.try_get::<_, &str>(0).ok()?.into();
            Some(crate::queue::store::Waiting { destination, due: std::time::SystemTime::UNIX_EPOCH })
        });
        self.said.add(waiting);
        Ok(())
    }

    /// Looks how many nodes there are.
    pub(super) async fn look_around(&self, client: &Client) -> Result<(), StoreError> {
        let row = self.in_time(client.query_one("SELECT count(*) FROM node", &[])).await?;
        self.alone.store(row.try_get::<_, i64>(0).map_err(failed)? <= 1, Ordering::Relaxed);
        Ok(())
    }

    fn lease_time(&self) -> f64 {
        self.options.lease.as_secs_f64()
    }

    /// Waits for an answer of the database, but not for ever.
    pub(super) async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, StoreError> {
        in_time(self.options.timeout, answer).await
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Node")
            .field("name", &self.name)
            .field("schema", &self.options.schema)
            .finish_non_exhaustive()
    }
}
