use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use futures::try_join;
use smtp_core::{Body, BodyError, Reply};
use tokio_postgres::types::ToSql;

use super::connection::Borrowed;
use super::failure::is_taken;
use super::node::Node;
use crate::Spooled;
use crate::queue::StoreError;
use crate::queue::store::record::{write_entry, write_recipients};
use crate::queue::store::{NewMessage, Waiting};

/// How much of a content is in one row.
const PIECE: usize = 256 * 1024;

const INSERT: &str = "
    WITH stored AS (
        INSERT INTO message (id, entry, arrival, release, expires, priority, octets, jobs)
        VALUES ($1, $2::text::json, $3, $16, $4, $5, $6, cardinality($8::bigint[]))
    ), content AS (
        INSERT INTO content (message, number, octets) VALUES ($1, 0, $7)
    )
    INSERT INTO job (message, number, destination, recipients, due, notice, turn, attempts, told, priority, ripe)
    SELECT $1, number, destination, recipients::json, due, notice, turn, attempts, told, $5, due <= $3
    FROM unnest($8::bigint[], $9::text[], $10::text[], $11::timestamptz[], $12::timestamptz[], $13::bigint[],
                $14::bigint[], $15::timestamptz[])
        AS job (number, destination, recipients, due, notice, turn, attempts, told)";

const PIECE_MORE: &str = "INSERT INTO content (message, number, octets) VALUES ($1, $2, $3)";

/// The jobs of a message, column by column.
#[derive(Default)]
struct Columns {
    numbers: Vec<i64>,
    destinations: Vec<String>,
    recipients: Vec<String>,
    due: Vec<SystemTime>,
    notices: Vec<SystemTime>,
    turns: Vec<i64>,
    attempts: Vec<i64>,
    told: Vec<Option<SystemTime>>,
}

impl Node {
    pub(super) async fn insert(&self, message: NewMessage, content: Body) -> Result<u64, StoreError> {
        // What is received slowly, or not at all, does not keep the database busy.
        let spooled = Spooled::read(content, &self.options.spool).await.map_err(not_spooled)?;
        let waiting: Vec<Waiting> = message
            .jobs
            .iter()
            .map(|job| Waiting { destination: job.destination.clone(), due: job.due })
            .collect();
        let counted = self.counted.begin();
        if let Err(error) = self.store(&message, &spooled).await {
            return Err(if is_taken(&error) { StoreError::taken(message.entry.id) } else { error });
        }
        counted.added(spooled.len());
        self.said.add(waiting);
        Ok(spooled.len())
    }

    async fn store(&self, message: &NewMessage, content: &Spooled) -> Result<(), StoreError> {
        let NewMessage { entry, jobs } = message;
        let mut pieces = Pieces { body: content.body(), rest: BytesMut::new() };
        let first = pieces.next().await?.unwrap_or_default();
        let mut columns = Columns::default();
        for job in jobs {
            columns.numbers.push(job.number.into());
            columns.destinations.push((*job.destination).to_owned());
            columns.recipients.push(write_recipients(&job.recipients)?);
            columns.due.push(job.due);
            columns.notices.push(job.notice);
            columns.turns.push(job.turn);
            columns.attempts.push(job.attempts.into());
            columns.told.push(job.told);
        }
        let (id, text) = (entry.id.as_str(), write_entry(entry)?);
        let octets = i64::try_from(content.len()).map_err(StoreError::other)?;
        let (priority, first) = (i16::from(entry.priority), &*first);
        let parameters: [&(dyn ToSql + Sync); 16] = [
            &id,
            &text,
            &entry.arrival,
            &entry.expires,
            &priority,
            &octets,
            &first,
            &columns.numbers,
            &columns.destinations,
            &columns.recipients,
            &columns.due,
            &columns.notices,
            &columns.turns,
            &columns.attempts,
            &columns.told,
            &entry.release,
        ];
        let client = Borrowed::from(&self.pool).await?;
        let insert = self.in_time(client.prepare_cached(INSERT)).await?;
        if content.len() <= first.len() as u64 {
            // One statement is a transaction by itself.
            self.in_time(client.execute(&insert, &parameters)).await?;
        } else {
            let begin =
                async { try_join!(client.batch_execute("BEGIN"), client.execute(&insert, &parameters)) };
            self.in_time(begin).await?;
            let more = self.in_time(client.prepare_cached(PIECE_MORE)).await?;
            let mut number = 0_i32;
            while let Some(piece) = pieces.next().await? {
                number = number.checked_add(1).ok_or_else(|| StoreError::other("too many pieces"))?;
                self.in_time(client.execute(&more, &[&id, &number, &&*piece])).await?;
            }
            self.in_time(client.batch_execute("COMMIT")).await?;
        }
        client.give_back();
        Ok(())
    }
}

/// A content in pieces of the size that rows have.
struct Pieces {
    body: Body,
    rest: BytesMut,
}

impl Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        while self.rest.len() < PIECE {
            match self.body.next().await {
                Some(chunk) => self.rest.extend_from_slice(&chunk?),
                None if self.rest.is_empty() => return Ok(None),
                None => return Ok(Some(self.rest.split().freeze())),
            }
        }
        Ok(Some(self.rest.split_to(PIECE).freeze()))
    }
}

fn not_spooled(error: smtp_core::BoxError) -> StoreError {
    match error.downcast::<BodyError>() {
        Ok(error) => StoreError::Body(*error),
        Err(error) => match error.downcast::<Reply>() {
            // No room for it here, which is not the database's.
            Ok(reply) => StoreError::other(*reply),
            Err(error) => StoreError::Other(error),
        },
    }
}
