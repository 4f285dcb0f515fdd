use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, Row};
use smtp_core::Body;

use super::StoreError;
use super::bodies::Bodies;
use super::row::{count, messages, read_job, read_message, time};
use super::state::Leases;
use crate::TraceId;
use crate::queue::store::{Listed, ListedJob, Selection, Waiting};

/// The connection for those who only read. They see what is committed and hold up nobody who writes.
#[derive(Debug)]
pub(super) struct Reader(Mutex<Option<Connection>>);

impl Reader {
    pub(super) fn new(connection: Connection) -> Self {
        Self(Mutex::new(Some(connection)))
    }

    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        read(connection.as_ref().ok_or_else(super::closed)?)
    }

    pub(super) fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

pub(super) fn content(connection: &Connection, bodies: &Bodies, id: TraceId) -> Result<Body, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT m.octets, c.octets FROM message m LEFT JOIN content c ON c.message = m.number
         WHERE m.id = ?",
    )?;
    let read = |row: &Row<'_>| Ok((count(row, 0)?, row.get::<_, Option<Vec<u8>>>(1)?));
    match statement.query_row([id.as_str()], read).optional()? {
        None => Err(StoreError::unknown(id)),
        Some((_, Some(octets))) => Ok(Bytes::from(octets).into()),
        Some((octets, None)) => Ok(bodies.open(id, octets)?),
    }
}

pub(super) fn find(
    connection: &Connection,
    leases: &Leases,
    id: TraceId,
) -> Result<Option<Listed>, StoreError> {
    let mut statement = connection.prepare_cached(messages!("WHERE id = ?"))?;
    let mut rows = statement.query([id.as_str()])?;
    rows.next()?.map(|row| listed(connection, leases, row)).transpose()
}

/// What cannot be read is left out; otherwise it would hide everything behind it.
pub(super) fn list(
    connection: &Connection,
    leases: &Leases,
    after: Option<TraceId>,
    max: usize,
) -> Result<Vec<Listed>, StoreError> {
    let mut statement = connection.prepare_cached(messages!("WHERE id > ? ORDER BY id LIMIT ?"))?;
    let after = after.as_ref().map_or("", TraceId::as_str);
    let mut rows = statement.query((after, i64::try_from(max).unwrap_or(i64::MAX)))?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        match listed(connection, leases, row) {
            Ok(listed) => all.push(listed),
            Err(error) => tracing::error!(%error, "message in the queue cannot be read"),
        }
    }
    Ok(all)
}

fn listed(connection: &Connection, leases: &Leases, row: &Row<'_>) -> Result<Listed, StoreError> {
    let entry = read_message(row)?;
    let mut statement = connection.prepare_cached(
        "SELECT number, destination, recipients, due, notice, turn, attempts, told, state = 'held'
         FROM job WHERE message = ? ORDER BY number",
    )?;
    let message = row.get(6)?;
    let mut rows = statement.query([message])?;
    let mut jobs = Vec::new();
    while let Some(row) = rows.next()? {
        let job = read_job(row, 0)?;
        let leased = leases.has((message, job.number));
        jobs.push(ListedJob { job, held: row.get(8)?, leased });
    }
    Ok(Listed { entry: Arc::new(entry), octets: count(row, 7)?, jobs })
}

pub(super) fn destinations(connection: &Connection) -> Result<Vec<Waiting>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT destination, min(due) FROM (
             SELECT destination, min(due) AS due FROM job INDEXED BY job_waiting
             WHERE state = 'waiting' GROUP BY destination
             UNION ALL
             SELECT destination, min(due) AS due FROM job INDEXED BY job_ready
             WHERE state = 'ready' GROUP BY destination)
         GROUP BY destination",
    )?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Waiting { destination: row.get(0)?, due: time(row, 1)? });
    }
    Ok(all)
}

pub(super) fn destinations_of(
    connection: &Connection,
    selection: &Selection,
) -> Result<Vec<Arc<str>>, StoreError> {
    let (sql, bound) = match selection {
        Selection::All => (
            "SELECT destination FROM job INDEXED BY job_waiting WHERE state = 'waiting'
             UNION SELECT destination FROM job INDEXED BY job_ready WHERE state = 'ready'
             UNION SELECT destination FROM job INDEXED BY job_held WHERE state = 'held'",
            None,
        ),
        Selection::Destination(destination) => (
            "SELECT ?1 WHERE EXISTS (SELECT 1 FROM job WHERE state = 'waiting' AND destination = ?1)
                 OR EXISTS (SELECT 1 FROM job WHERE state = 'ready' AND destination = ?1)
                 OR EXISTS (SELECT 1 FROM job WHERE state = 'held' AND destination = ?1)",
            Some(&**destination),
        ),
        Selection::Message(id) => (
            "SELECT DISTINCT destination FROM job
             WHERE message = (SELECT number FROM message WHERE id = ?1)",
            Some(id.as_str()),
        ),
    };
    let mut statement = connection.prepare_cached(sql)?;
    let destinations = statement.query_map(rusqlite::params_from_iter(bound), |row| row.get(0))?;
    Ok(destinations.collect::<Result<_, _>>()?)
}

/// The names of the messages that have files.
pub(super) fn names_of_files(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare(
        "SELECT id FROM message WHERE NOT EXISTS (SELECT 1 FROM content WHERE content.message = message.number)",
    )?;
    let names = statement.query_map([], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}
