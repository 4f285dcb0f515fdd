use std::time::SystemTime;

use bytes::Bytes;
use deadpool_postgres::Client;
use tokio_postgres::Error;
use tokio_postgres::types::ToSql;

use super::writer::Change;
use crate::queue::store::NewMessage;
use crate::queue::store::record::{write_entry, write_recipients};
use crate::queue::{Entry, Job, StoreError};

const INSERT: &str = "
    WITH stored AS (
        INSERT INTO message (id, entry, arrival, release, expires, priority, octets, jobs)
        SELECT id, entry::json, arrival, release, expires, priority, octets, jobs
        FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::timestamptz[],
                    $6::smallint[], $7::bigint[], $8::bigint[])
            AS new (id, entry, arrival, release, expires, priority, octets, jobs)
    ), content AS (
        INSERT INTO content (message, number, octets)
        SELECT id, 0, octets FROM unnest($1::text[], $9::bytea[]) AS first (id, octets)
    )
    INSERT INTO job (message, number, destination, recipients, due, notice, priority, turn, attempts, told, ripe)
    SELECT message, number, destination, recipients::json, due, notice, priority, turn, attempts, told, ripe
    FROM unnest($10::text[], $11::bigint[], $12::text[], $13::text[], $14::timestamptz[], $15::timestamptz[],
                $16::smallint[], $17::bigint[], $18::bigint[], $19::timestamptz[], $20::boolean[])
        AS job (message, number, destination, recipients, due, notice, priority, turn, attempts, told, ripe)";

/// A message with its first piece.
pub(super) struct Insert {
    pub(super) entry: Entry,
    text: String,
    octets: i64,
    first: Bytes,
    /// Its jobs, and their recipients as text.
    jobs: Vec<(Job, String)>,
}

impl Insert {
    pub(super) fn new(message: NewMessage, octets: u64, first: Bytes) -> Result<Self, StoreError> {
        let NewMessage { entry, jobs } = message;
        let with_text = |job: Job| Ok::<_, StoreError>((write_recipients(&job.recipients)?, job));
        let jobs = jobs.into_iter().map(with_text).map(|job| job.map(|(text, job)| (job, text)));
        Ok(Self {
            text: write_entry(&entry)?,
            octets: i64::try_from(octets).map_err(StoreError::other)?,
            first,
            jobs: jobs.collect::<Result<_, _>>()?,
            entry,
        })
    }
}

impl Change for Insert {
    type Answer = ();

    fn octets(&self) -> usize {
        self.first.len() + self.text.len() + self.jobs.iter().map(|(_, text)| text.len()).sum::<usize>()
    }

    async fn commit(changes: &[Self], client: &Client) -> Result<Vec<()>, Error> {
        let insert = client.prepare_cached(INSERT).await?;
        // A statement is a transaction by itself.
        client.execute(&insert, &Columns::of(changes).parameters()).await?;
        Ok(vec![(); changes.len()])
    }
}

/// Messages and their jobs, column by column.
#[derive(Default)]
struct Columns<'a> {
    ids: Vec<&'a str>,
    entries: Vec<&'a str>,
    arrivals: Vec<SystemTime>,
    releases: Vec<SystemTime>,
    expires: Vec<SystemTime>,
    priorities: Vec<i16>,
    octets: Vec<i64>,
    counts: Vec<i64>,
    firsts: Vec<&'a [u8]>,
    messages: Vec<&'a str>,
    numbers: Vec<i64>,
    destinations: Vec<&'a str>,
    recipients: Vec<&'a str>,
    due: Vec<SystemTime>,
    notices: Vec<SystemTime>,
    job_priorities: Vec<i16>,
    turns: Vec<i64>,
    attempts: Vec<i64>,
    told: Vec<Option<SystemTime>>,
    ripe: Vec<bool>,
}

impl<'a> Columns<'a> {
    fn of(changes: &'a [Insert]) -> Self {
        let mut columns = Self::default();
        for insert in changes {
            columns.add(insert);
            for (job, recipients) in &insert.jobs {
                columns.add_job(&insert.entry, job, recipients);
            }
        }
        columns
    }

    fn add(&mut self, insert: &'a Insert) {
        let Insert { entry, text, octets, first, jobs } = insert;
        self.ids.push(entry.id.as_str());
        self.entries.push(text);
        self.arrivals.push(entry.arrival);
        self.releases.push(entry.release);
        self.expires.push(entry.expires);
        self.priorities.push(entry.priority.into());
        self.octets.push(*octets);
        self.counts.push(i64::try_from(jobs.len()).unwrap_or(i64::MAX));
        self.firsts.push(first);
    }

    fn add_job(&mut self, entry: &'a Entry, job: &'a Job, recipients: &'a str) {
        self.messages.push(entry.id.as_str());
        self.numbers.push(job.number.into());
        self.destinations.push(&job.destination);
        self.recipients.push(recipients);
        self.due.push(job.due);
        self.notices.push(job.notice);
        self.job_priorities.push(entry.priority.into());
        self.turns.push(job.turn);
        self.attempts.push(job.attempts.into());
        self.told.push(job.told);
        // What is due when it comes does not have to be found later.
        self.ripe.push(job.due <= entry.arrival);
    }

    fn parameters(&self) -> [&(dyn ToSql + Sync); 20] {
        [
            &self.ids,
            &self.entries,
            &self.arrivals,
            &self.releases,
            &self.expires,
            &self.priorities,
            &self.octets,
            &self.counts,
            &self.firsts,
            &self.messages,
            &self.numbers,
            &self.destinations,
            &self.recipients,
            &self.due,
            &self.notices,
            &self.job_priorities,
            &self.turns,
            &self.attempts,
            &self.told,
            &self.ripe,
        ]
    }
}
