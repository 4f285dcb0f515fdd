use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::StoreError;
use super::change::Change;
use super::row::{jobs, read_id, read_job, read_message};
use super::state::State;
use crate::queue::JobKey;
use crate::queue::store::record::{read_time, write_time};
use crate::queue::store::{LeaseRequest, Leased, LeasedJob, Which};

/// How many jobs that came due are put in line at once. Where more came due at the same time, those
/// that were due first are first.
const PROMOTED: i64 = 1000;

/// Takes jobs.
///
/// Those that are due stand in line by priority and turn, in an index of their own, so that taking some
/// costs the same however many wait: a job gets there when it comes, or when it is found to be due. Those
/// that are leased still stand there; they are as few as there are deliveries at once.
pub(super) struct Lease(LeaseRequest);

/// What was taken. Dropping it gives it back.
pub(super) struct Taken {
    state: Arc<State>,
    leased: Leased,
}

impl Lease {
    pub(super) fn new(request: LeaseRequest) -> Self {
        Self(request)
    }

    fn due(&self, connection: &Connection, destination: &str, taken: &mut Taken) -> rusqlite::Result<()> {
        let mut promote = connection.prepare_cached(
            "UPDATE job SET state = 'ready' WHERE (message, number) IN (
                 SELECT message, number FROM job
                 WHERE state = 'waiting' AND destination = ? AND due <= ? ORDER BY due LIMIT ?)",
        )?;
        promote.execute(params![destination, write_time(self.0.now), PROMOTED])?;
        let mut ready = connection.prepare_cached(jobs!(
            "job j INDEXED BY job_ready CROSS JOIN message m ON m.number = j.message
             WHERE j.state = 'ready' AND j.destination = ?
             ORDER BY j.priority DESC, j.turn, j.due, j.message, j.number"
        ))?;
        let mut rows = ready.query([destination])?;
        while let Some(row) = rows.next()? {
            if taken.leased.jobs.len() < self.0.max {
                taken.take(connection, row)?;
            } else if taken.is_free(row)? {
                taken.next(row, 9)?;
                return Ok(());
            }
        }
        let mut waiting = connection.prepare_cached(jobs!(
            "job j INDEXED BY job_waiting CROSS JOIN message m ON m.number = j.message
             WHERE j.state = 'waiting' AND j.destination = ? ORDER BY j.due"
        ))?;
        let mut rows = waiting.query([destination])?;
        while let Some(row) = rows.next()? {
            if taken.is_free(row)? {
                return taken.next(row, 9);
            }
        }
        Ok(())
    }

    fn notices(&self, connection: &Connection, taken: &mut Taken) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(jobs!(
            "job j INDEXED BY job_notice CROSS JOIN message m ON m.number = j.message
             WHERE j.state <> 'held' ORDER BY j.notice"
        ))?;
        let now = write_time(self.0.now);
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(10)? <= now && taken.leased.jobs.len() < self.0.max {
                taken.take(connection, row)?;
            } else if taken.is_free(row)? {
                return taken.next(row, 10);
            }
        }
        Ok(())
    }
}

impl Change for Lease {
    type Answer = Taken;

    fn run(&mut self, connection: &Connection, state: &Arc<State>) -> rusqlite::Result<Taken> {
        let mut taken = Taken { state: state.clone(), leased: Leased::default() };
        match &self.0.which {
            Which::Due(destination) => self.due(connection, destination, &mut taken)?,
            Which::Notices => self.notices(connection, &mut taken)?,
        }
        Ok(taken)
    }
}

impl Taken {
    /// The leases hold from now on.
    pub(super) fn keep(mut self) -> Leased {
        std::mem::take(&mut self.leased)
    }

    fn is_free(&self, row: &Row<'_>) -> rusqlite::Result<bool> {
        // What cannot be read is seen to when it is taken.
        let Ok(id) = read_id(row) else { return Ok(true) };
        Ok(!self.state.leases.has(JobKey { id, number: row.get(6)? }))
    }

    fn next(&mut self, row: &Row<'_>, column: usize) -> rusqlite::Result<()> {
        self.leased.next = Some(read_time(row.get(column)?));
        Ok(())
    }

    fn take(&mut self, connection: &Connection, row: &Row<'_>) -> rusqlite::Result<()> {
        if !self.is_free(row)? {
            return Ok(());
        }
        let read = read_message(row).and_then(|entry| Ok((entry, read_job(row, 6)?)));
        let (entry, job) = match read {
            Ok(read) => read,
            Err(error) => return hold_unreadable(connection, row, &error),
        };
        let mut statement = connection.prepare_cached("SELECT octets FROM content WHERE message = ?")?;
        let content =
            statement.query_row([row.get::<_, i64>(14)?], |row| row.get::<_, Vec<u8>>(0)).optional()?;
        let leased = LeasedJob { entry: Arc::new(entry), job, content: content.map(Bytes::from) };
        self.state.leases.lock().insert(leased.key());
        self.leased.jobs.push(leased);
        Ok(())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut leases = self.state.leases.lock();
        for leased in &self.leased.jobs {
            leases.remove(&leased.key());
        }
    }
}

/// Nobody else has to wait for what was damaged; it is an operator's business.
fn hold_unreadable(connection: &Connection, row: &Row<'_>, error: &StoreError) -> rusqlite::Result<()> {
    let (message, number): (i64, i64) = (row.get(14)?, row.get(6)?);
    tracing::error!(message, number, %error, "job in the queue cannot be read; it is held");
    let mut statement =
        connection.prepare_cached("UPDATE job SET state = 'held' WHERE message = ? AND number = ?")?;
    statement.execute([message, number])?;
    Ok(())
}
