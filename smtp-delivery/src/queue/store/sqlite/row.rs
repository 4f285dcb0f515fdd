use std::sync::Arc;
use std::time::SystemTime;

use rusqlite::Row;

use super::StoreError;
use crate::TraceId;
use crate::queue::store::record::{read_entry, read_recipients, read_time};
use crate::queue::{Entry, Job};

/// A job with its message and its content: what leads to a delivery.
pub(super) const JOB: &str = "
    SELECT m.id, m.arrival, m.release, m.expires, m.priority, m.entry,
        j.number, j.destination, j.recipients, j.due, j.notice, j.turn, j.attempts, j.told, c.octets
    FROM job j CROSS JOIN message m ON m.number = j.message LEFT JOIN content c ON c.message = j.message
    WHERE j.message = ? AND j.number = ?";

/// Messages, in the order of columns that is read here: `messages!("WHERE ..")`.
macro_rules! messages {
    ($from:literal) => {
        concat!("SELECT id, arrival, release, expires, priority, entry, number, octets FROM message ", $from)
    };
}

pub(super) use messages;

pub(super) fn read_id(row: &Row<'_>) -> Result<TraceId, StoreError> {
    row.get_ref(0)?.as_str().map_err(StoreError::other)?.parse().map_err(StoreError::other)
}

pub(super) fn read_message(row: &Row<'_>) -> Result<Entry, StoreError> {
    let text = row.get_ref(5)?.as_str().map_err(StoreError::other)?;
    let (sender, written, origin) = read_entry(text)?;
    Ok(Entry {
        id: read_id(row)?,
        sender,
        origin,
        arrival: time(row, 1)?,
        release: time(row, 2)?,
        expires: time(row, 3)?,
        priority: row.get(4)?,
        written,
    })
}

/// The job that begins at this column.
pub(super) fn read_job(row: &Row<'_>, at: usize) -> Result<Job, StoreError> {
    let text = row.get_ref(at + 2)?.as_str().map_err(StoreError::other)?;
    Ok(Job {
        number: row.get(at)?,
        destination: row.get::<_, Arc<str>>(at + 1)?,
        recipients: read_recipients(text)?,
        due: time(row, at + 3)?,
        notice: time(row, at + 4)?,
        turn: row.get(at + 5)?,
        attempts: row.get(at + 6)?,
        told: row.get::<_, Option<i64>>(at + 7)?.map(read_time),
    })
}

/// A number that is not negative.
pub(super) fn count(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(at)?).unwrap_or(0))
}

pub(super) fn time(row: &Row<'_>, at: usize) -> Result<SystemTime, StoreError> {
    Ok(read_time(row.get(at)?))
}
