use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use tokio::time::Instant;
use tokio_postgres::Row;

use super::connection::{Borrowed, transaction};
use super::failure::is_of_the_dead;
use super::held::Lease;
use super::node::Node;
use super::rows;
use crate::queue::StoreError;
use crate::queue::store::{LeaseRequest, Leased, LeasedJob, Which};

/// Contents up to this size come with the job.
const AT_HAND: i64 = 64 * 1024;

/// When to look again where all that is there is locked.
const LOCKED: Duration = Duration::from_millis(100);

/// Those whose time has come join the line, so that nobody looks through those who wait.
const RIPEN: &str = "
    WITH due AS (
        SELECT message, number FROM job
        WHERE destination = $1 AND NOT ripe AND node IS NULL AND NOT held AND due <= $2
        ORDER BY due LIMIT 1000 FOR UPDATE SKIP LOCKED
    )
    UPDATE job SET ripe = true FROM due WHERE job.message = due.message AND job.number = due.number";

/// A destination of nobody's becomes this node's, if there is anything to take.
const CLAIM: &str = "
    INSERT INTO destination (name, node)
    SELECT $1, $2 WHERE EXISTS (
        SELECT FROM job WHERE destination = $1 AND ripe AND node IS NULL AND NOT held
    )
    ON CONFLICT (name) DO NOTHING";

/// What every job that is taken comes with.
macro_rules! taken {
    ($free:literal) => {
        concat!(
            "WITH ",
            $free,
            ", taken AS (
                UPDATE job SET node = $1, lease = nextval('lease'), leased = clock_timestamp()
                FROM free WHERE job.message = free.message AND job.number = free.number
                RETURNING job.*
            )
            SELECT message.id, entry::text, arrival, release, expires, message.priority, message.octets, message.jobs,
                taken.number, destination, recipients::text, due, notice, turn, attempts, told, taken.lease,
                content.octets AS content
            FROM taken JOIN message ON message.id = taken.message
                LEFT JOIN content ON content.message = taken.message AND content.number = 0 AND message.octets <= $2"
        )
    };
}

/// The first of the line. That the destination is this node's holds until the end of the transaction. Which it
/// is and how many are wanted is hidden from the planner, or it would plan anew each time.
const TAKE: &str = taken!(
    "mine AS (
        SELECT FROM destination WHERE name = $3 AND node = $1 FOR KEY SHARE
    ), free AS (
        SELECT message, number FROM job
        WHERE destination = (SELECT $3::text) AND ripe AND node IS NULL AND NOT held AND EXISTS (SELECT FROM mine)
        ORDER BY priority DESC, turn LIMIT (SELECT $4::bigint) FOR UPDATE SKIP LOCKED
    )"
);

const TAKE_NOTICES: &str = taken!(
    "free AS (
        SELECT message, number FROM job WHERE node IS NULL AND NOT held AND notice <= $3
        ORDER BY notice LIMIT $4 FOR UPDATE SKIP LOCKED
    )"
);

const REST: &str = "
    SELECT owner.node, owner.name, extract(epoch FROM owner.until - clock_timestamp())::float8 AS left,
        EXISTS (SELECT FROM job WHERE destination = $1 AND ripe AND node IS NULL AND NOT held) AS more,
        (SELECT min(due) FROM job WHERE destination = $1 AND NOT ripe AND node IS NULL AND NOT held) AS next
    FROM (VALUES (1)) AS one LEFT JOIN (
        SELECT node, node.name, until FROM destination JOIN node ON node.id = destination.node
        WHERE destination.name = $1
    ) AS owner ON true";

const REST_NOTICES: &str = "SELECT min(notice) AS next FROM job WHERE node IS NULL AND NOT held";

/// What was found.
enum Found {
    Leased(Leased),
    /// It belongs to a node that is dead.
    OfTheDead,
}

impl Node {
    pub(super) async fn lease(&self, request: LeaseRequest) -> Result<Leased, StoreError> {
        let now = request.now;
        for _ in 0..3 {
            let me = self.id();
            let found = match &request.which {
                Which::Due(destination) => self.due(me, destination, &request).await,
                Which::Notices => self.notices(me, &request).await,
            };
            match found {
                Ok(Found::Leased(leased)) => return Ok(leased),
                Ok(Found::OfTheDead) => {
                    let client = Borrowed::from(&self.pool).await?;
                    self.bury(&client).await?;
                    client.give_back();
                }
                Err(error) if is_of_the_dead(&error) => self.rise(me).await?,
                Err(error) => return Err(error),
            }
        }
        // Others are quicker: they have it.
        Ok(Leased { jobs: Vec::new(), next: Some(now + self.options.lease) })
    }

    async fn due(
        &self,
        me: i64,
        destination: &Arc<str>,
        request: &LeaseRequest,
    ) -> Result<Found, StoreError> {
        let (name, max) = (&**destination, i64::try_from(request.max).unwrap_or(i64::MAX));
        let client = Borrowed::from(&self.pool).await?;
        let work = async {
            let ripen = client.prepare_cached(RIPEN).await?;
            let claim = client.prepare_cached(CLAIM).await?;
            let take = client.prepare_cached(TAKE).await?;
            let rest = client.prepare_cached(REST).await?;
            transaction!(
                client,
                client.execute(&ripen, &[&name, &request.now]),
                client.execute(&claim, &[&name, &me]),
                client.query(&take, &[&me, &AT_HAND, &name, &max]),
                client.query_one(&rest, &[&name]),
            )
        };
        let (_, _, _, taken, rest, _) = self.in_time(work).await?;
        client.give_back();
        let jobs = self.keep(&taken, request).await;
        let (owner, left) =
            (rows::get::<Option<i64>>(&rest, "node")?, rows::get::<Option<f64>>(&rest, "left")?);
        let next = rows::get::<Option<SystemTime>>(&rest, "next")?;
        let is_anothers = owner.is_some_and(|owner| owner != me);
        if is_anothers && left.is_some_and(|left| left <= 0.0) {
            return Ok(Found::OfTheDead);
        }
        let next = match rows::get(&rest, "more")? {
            false => next,
            // Somebody has them locked, or gives the destination up; to ask at once would be to ask without end.
            true if jobs.is_empty() && !is_anothers => Some(request.now + LOCKED),
            true if is_anothers => {
                let node = rows::get::<Option<&str>>(&rest, "name")?;
                tracing::debug!(%destination, node, "destination is another node's");
                let left = Duration::try_from_secs_f64(left.unwrap_or_default());
                Some(request.now + left.unwrap_or(self.options.lease))
            }
            true => Some(request.now),
        };
        Ok(Found::Leased(Leased { jobs, next }))
    }

    async fn notices(&self, me: i64, request: &LeaseRequest) -> Result<Found, StoreError> {
        let max = i64::try_from(request.max).unwrap_or(i64::MAX);
        let client = Borrowed::from(&self.pool).await?;
        let work = async {
            let take = client.prepare_cached(TAKE_NOTICES).await?;
            let rest = client.prepare_cached(REST_NOTICES).await?;
            transaction!(
                client,
                client.query(&take, &[&me, &AT_HAND, &request.now, &max]),
                client.query_one(&rest, &[]),
            )
        };
        let (_, taken, rest, _) = self.in_time(work).await?;
        client.give_back();
        let jobs = self.keep(&taken, request).await;
        Ok(Found::Leased(Leased { jobs, next: rows::get(&rest, "next")? }))
    }

    /// The jobs of these rows, which are now this process's.
    async fn keep(&self, rows: &[Row], request: &LeaseRequest) -> Vec<LeasedJob> {
        let lasts = request.until.duration_since(request.now).unwrap_or_default();
        let mut jobs = Vec::with_capacity(rows.len());
        for row in rows {
            match read(row, lasts) {
                Ok((job, lease)) => {
                    if self.held.keep(job.key(), lease) {
                        jobs.push(job);
                    }
                }
                Err(error) => self.set_aside(row, &error).await,
            }
        }
        jobs.sort_by_key(|leased| (-leased.entry.priority, leased.job.turn, leased.key()));
        jobs
    }

    /// What cannot be understood is for an operator to look at, and not in the way of others.
    async fn set_aside(&self, row: &Row, error: &StoreError) {
        let id = rows::get::<&str>(row, "id").unwrap_or("?");
        tracing::error!(id, %error, "message cannot be read and is held");
        let hold =
            "UPDATE job SET held = true, node = NULL WHERE lease = $1 AND node IS NOT NULL AND message = $2";
        let held = async {
            let lease = rows::get::<i64>(row, "lease")?;
            let client = Borrowed::from(&self.pool).await?;
            self.in_time(client.execute(hold, &[&lease, &id])).await?;
            client.give_back();
            Ok::<_, StoreError>(())
        };
        if let Err(error) = held.await {
            tracing::error!(id, %error, "message is not held");
        }
    }
}

fn read(row: &Row, lasts: Duration) -> Result<(LeasedJob, Lease), StoreError> {
    let content = rows::get::<Option<&[u8]>>(row, "content")?.map(Bytes::copy_from_slice);
    let leased = LeasedJob { entry: Arc::new(rows::entry(row)?), job: rows::job(row)?, content };
    let lease = Lease {
        lease: rows::get(row, "lease")?,
        octets: rows::count(row, "octets")?,
        jobs: rows::get(row, "jobs")?,
        lasts,
        until: Instant::now() + lasts,
    };
    Ok((leased, lease))
}
