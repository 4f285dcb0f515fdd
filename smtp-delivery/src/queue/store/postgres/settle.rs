use std::time::SystemTime;

use deadpool_postgres::Client;
use futures::try_join;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row, Statement};

use super::held::Lease;
use super::node::Node;
use super::writer::Change;
use crate::queue::store::record::write_recipients;
use crate::queue::store::{Rest, Settlement};
use crate::queue::{JobKey, StoreError};

// A lease is in the row until somebody else takes the job, also when this node was believed dead: what it
// found out still counts then. Once settled, it is there no more.
//
// Each statement is for many jobs and tells which of them it found. How many there are is hidden from the
// planner, or it would plan anew each time.

/// Of messages that have but one job.
const END_ONLY: &str = "
    WITH done AS (
        DELETE FROM job USING unnest((SELECT $1::text[]), $2::bigint[], $3::bigint[]) WITH ORDINALITY
            AS ended (message, number, lease, place)
        WHERE job.message = ended.message AND job.number = ended.number AND job.lease = ended.lease
        RETURNING job.message, place
    ), gone AS (
        DELETE FROM message USING done WHERE id = done.message
    )
    SELECT place FROM done";

/// The last two jobs of a message may end at the same time, and one has to see that it is the last.
const LOCK: &str = "
    SELECT FROM message WHERE id IN (SELECT unnest((SELECT $1::text[]))) ORDER BY id FOR UPDATE";
const END: &str = "
    DELETE FROM job USING unnest((SELECT $1::text[]), $2::bigint[], $3::bigint[]) WITH ORDINALITY
        AS ended (message, number, lease, place)
    WHERE job.message = ended.message AND job.number = ended.number AND job.lease = ended.lease
    RETURNING place";
const END_MESSAGES: &str = "
    DELETE FROM message USING unnest((SELECT $1::text[])) WITH ORDINALITY AS ended (message, place)
    WHERE id = ended.message AND NOT EXISTS (SELECT FROM job WHERE job.message = id)
    RETURNING place";

const DEFER: &str = "
    UPDATE job SET node = NULL, lease = NULL, leased = NULL, ripe = false,
        recipients = rest.recipients::json, due = rest.due, notice = rest.notice, attempts = rest.attempts,
        told = rest.told
    FROM unnest((SELECT $1::text[]), $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[],
        $6::timestamptz[], $7::bigint[], $8::timestamptz[]) WITH ORDINALITY
        AS rest (message, number, lease, recipients, due, notice, attempts, told, place)
    WHERE job.message = rest.message AND job.number = rest.number AND job.lease = rest.lease
    RETURNING place";

/// A job that ends, or is deferred.
pub(super) struct Settle {
    key: JobKey,
    lease: i64,
    /// How many jobs its message came with.
    jobs: i64,
    /// What is left of it, and its recipients as text.
    rest: Option<(Rest, String)>,
}

/// What was found of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Settled {
    /// The job, under that lease.
    job: bool,
    /// Nothing more of its message.
    message: bool,
}

impl Settle {
    fn new(key: JobKey, held: Lease, rest: Option<Rest>) -> Result<Self, StoreError> {
        let Lease { lease, jobs, .. } = held;
        let rest = rest.map(|rest| Ok::<_, StoreError>((write_recipients(&rest.recipients)?, rest)));
        let rest = rest.transpose()?.map(|(text, rest)| (rest, text));
        Ok(Self { key, lease, jobs, rest })
    }
}

impl Change for Settle {
    type Answer = Settled;

    fn octets(&self) -> usize {
        self.rest.as_ref().map_or(0, |(_, text)| text.len())
    }

    async fn commit(changes: &[Self], client: &Client) -> Result<Vec<Settled>, Error> {
        let [mut only, mut shared, mut deferred] = [const { Jobs::new() }; 3];
        let mut rests = Rests::default();
        // Whoever locks several jobs locks them in this order.
        let mut order: Vec<(usize, &Self)> = changes.iter().enumerate().collect();
        order.sort_unstable_by_key(|(_, change)| change.key);
        for (place, change) in order {
            match &change.rest {
                None if change.jobs == 1 => only.add(place, change),
                None => shared.add(place, change),
                Some((rest, text)) => {
                    deferred.add(place, change);
                    rests.add(rest, text);
                }
            }
        }
        let lock = client.prepare_cached(LOCK).await?;
        let end_only = client.prepare_cached(END_ONLY).await?;
        let end = client.prepare_cached(END).await?;
        let end_messages = client.prepare_cached(END_MESSAGES).await?;
        let defer = client.prepare_cached(DEFER).await?;
        // One statement is a transaction by itself.
        let one = shared.is_empty() && (only.is_empty() || deferred.is_empty());
        let boundary = |text| async move { if one { Ok(()) } else { client.batch_execute(text).await } };
        let Rests { recipients, due, notices, attempts, told } = &rests;
        let (of_shared, of_only): ([&(dyn ToSql + Sync); 1], _) = ([&shared.messages], only.names());
        let (of_each, [messages, numbers, leases]) = (shared.names(), deferred.names());
        let of_deferred: [&(dyn ToSql + Sync); 8] =
            [messages, numbers, leases, recipients, due, notices, attempts, told];
        let (_, _, ended_only, ended, gone, put_back, _) = try_join!(
            boundary("BEGIN"),
            ask(client, &lock, &shared, &of_shared),
            ask(client, &end_only, &only, &of_only),
            ask(client, &end, &shared, &of_each),
            ask(client, &end_messages, &shared, &of_shared),
            ask(client, &defer, &deferred, &of_deferred),
            boundary("COMMIT"),
        )?;
        let mut settled = vec![Settled::default(); changes.len()];
        only.mark(&ended_only, |place| settled[place] = Settled { job: true, message: true })?;
        shared.mark(&ended, |place| settled[place].job = true)?;
        shared.mark(&gone, |place| settled[place].message = true)?;
        deferred.mark(&put_back, |place| settled[place].job = true)?;
        Ok(settled)
    }
}

/// Jobs, column by column.
struct Jobs<'a> {
    /// Where in the batch each of them is.
    places: Vec<usize>,
    messages: Vec<&'a str>,
    numbers: Vec<i64>,
    leases: Vec<i64>,
}

impl<'a> Jobs<'a> {
    const fn new() -> Self {
        Self { places: Vec::new(), messages: Vec::new(), numbers: Vec::new(), leases: Vec::new() }
    }

    fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    fn add(&mut self, place: usize, settle: &'a Settle) {
        self.places.push(place);
        self.messages.push(settle.key.id.as_str());
        self.numbers.push(settle.key.number.into());
        self.leases.push(settle.lease);
    }

    fn names(&self) -> [&(dyn ToSql + Sync); 3] {
        [&self.messages, &self.numbers, &self.leases]
    }

    /// Tells where in the batch those are that these rows name, which count from 1.
    fn mark(&self, rows: &[Row], mut mark: impl FnMut(usize)) -> Result<(), Error> {
        for row in rows {
            let number = usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or_default();
            if let Some(place) = number.checked_sub(1).and_then(|index| self.places.get(index)) {
                mark(*place);
            }
        }
        Ok(())
    }
}

/// What is left of jobs, column by column.
#[derive(Default)]
struct Rests<'a> {
    recipients: Vec<&'a str>,
    due: Vec<SystemTime>,
    notices: Vec<SystemTime>,
    attempts: Vec<i64>,
    told: Vec<Option<SystemTime>>,
}

impl<'a> Rests<'a> {
    fn add(&mut self, rest: &Rest, recipients: &'a str) {
        self.recipients.push(recipients);
        self.due.push(rest.due);
        self.notices.push(rest.notice);
        self.attempts.push(rest.attempts.into());
        self.told.push(rest.told);
    }
}

/// Asks for these jobs, if there are any.
async fn ask(
    client: &Client,
    statement: &Statement,
    jobs: &Jobs<'_>,
    parameters: &[&(dyn ToSql + Sync)],
) -> Result<Vec<Row>, Error> {
    if jobs.is_empty() { Ok(Vec::new()) } else { client.query(statement, parameters).await }
}

impl Node {
    pub(super) async fn settle(&self, settlement: Settlement) -> Result<(), StoreError> {
        let Settlement { key, rest } = settlement;
        let Some(held) = self.held.get(key) else {
            tracing::warn!(id = %key.id, "a job was settled that this node has no more");
            return Ok(());
        };
        let counted = self.counted.begin();
        let settled = self.settlements.write(Settle::new(key, held, rest)?).await?;
        if !settled.job {
            tracing::warn!(id = %key.id, "a job was taken over by another node, or settled before");
        }
        if self.held.forget(key, held.lease) && settled.message {
            counted.removed(held.octets);
        }
        Ok(())
    }
}
