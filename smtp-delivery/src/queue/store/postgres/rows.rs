//! Rows as values.

use std::sync::Arc;
use std::time::SystemTime;

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::failure::failed;
use crate::TraceId;
use crate::queue::store::ListedJob;
use crate::queue::store::record::{read_entry, read_recipients};
use crate::queue::{Entry, Job, StoreError};

pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: &str) -> Result<T, StoreError> {
    row.try_get(column).map_err(failed)
}

pub(super) fn count(row: &Row, column: &str) -> Result<u64, StoreError> {
    Ok(u64::try_from(get::<i64>(row, column)?).unwrap_or_default())
}

fn number(row: &Row, column: &str) -> Result<u32, StoreError> {
    u32::try_from(get::<i64>(row, column)?).map_err(StoreError::other)
}

pub(super) fn id(row: &Row) -> Result<TraceId, StoreError> {
    get::<&str>(row, "id")?.parse().map_err(StoreError::other)
}

pub(super) fn entry(row: &Row) -> Result<Entry, StoreError> {
    let (sender, written, origin) = read_entry(get(row, "entry")?)?;
    Ok(Entry {
        id: id(row)?,
        sender,
        origin,
        arrival: get(row, "arrival")?,
        release: get(row, "release")?,
        expires: get(row, "expires")?,
        priority: i8::try_from(get::<i16>(row, "priority")?).map_err(StoreError::other)?,
        written,
    })
}

pub(super) fn job(row: &Row) -> Result<Job, StoreError> {
    Ok(Job {
        number: number(row, "number")?,
        destination: destination(row)?,
        recipients: read_recipients(get(row, "recipients")?)?,
        due: get::<SystemTime>(row, "due")?,
        notice: get::<SystemTime>(row, "notice")?,
        turn: get(row, "turn")?,
        attempts: number(row, "attempts")?,
        told: get(row, "told")?,
    })
}

pub(super) fn destination(row: &Row) -> Result<Arc<str>, StoreError> {
    Ok(get::<&str>(row, "destination")?.into())
}

pub(super) fn listed_job(row: &Row) -> Result<ListedJob, StoreError> {
    Ok(ListedJob { job: job(row)?, held: get(row, "held")?, leased: get(row, "leased")? })
}
