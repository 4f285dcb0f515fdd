use std::cmp::Reverse;
use std::sync::Arc;

use bytes::Bytes;
use rusqlite::{Connection, Row, Rows};

use super::StoreError;
use super::change::{Change, Haste};
use super::fresh::{Known, Place};
use super::row::{JOB, read_job, read_message};
use super::state::{JobRow, State};
use crate::queue::store::record::{read_time, write_time};
use crate::queue::store::{LeaseRequest, Leased, LeasedJob, Which};

/// Whether jobs of a destination came due.
const CAME_DUE: &str = "
    SELECT EXISTS (
        SELECT 1 FROM job INDEXED BY job_waiting WHERE state = 'waiting' AND destination = ? AND due <= ?)";
/// Puts the jobs of a destination that came due in line, so many at once. Where more came due at the same
/// time, those that were due first are first.
const PROMOTE: &str = "
    UPDATE job SET state = 'ready' WHERE (message, number) IN (
        SELECT message, number FROM job
        WHERE state = 'waiting' AND destination = ? AND due <= ? ORDER BY due LIMIT 1000)";

// These are answered by the index alone; a job is read when it is taken.
const READY: &str = "
    SELECT message, number, due, priority, turn FROM job INDEXED BY job_ready
    WHERE state = 'ready' AND destination = ? ORDER BY priority DESC, turn, due, message, number";
const WAITING: &str = "
    SELECT message, number, due FROM job INDEXED BY job_waiting
    WHERE state = 'waiting' AND destination = ? ORDER BY due";
const NOTICES: &str = "
    SELECT message, number, notice FROM job INDEXED BY job_notice
    WHERE state IN ('waiting', 'ready') ORDER BY notice";

/// Takes jobs.
///
/// Those that are due stand in line by priority and turn, in an index of their own, so that taking some
/// costs the same however many wait: a job gets there when it comes, or when it is found to be due. Those
/// that are leased still stand there; they are as few as there are deliveries at once. Those that came a
/// moment ago stand in a [line in memory](super::fresh::Fresh), by the same order.
pub(super) struct Lease(LeaseRequest);

/// What was taken. Dropping it gives it back.
pub(super) struct Taken {
    state: Arc<State>,
    leased: Leased,
    jobs: Vec<JobRow>,
    /// What is held, because it cannot be read.
    unreadable: Vec<JobRow>,
}

impl Lease {
    pub(super) fn new(request: LeaseRequest) -> Self {
        Self(request)
    }

    fn due(&self, connection: &Connection, destination: &str, taken: &mut Taken) -> rusqlite::Result<()> {
        let due = (destination, write_time(self.0.now));
        // An update costs much more, also where it finds nothing.
        if connection.prepare_cached(CAME_DUE)?.query_row(due, |row| row.get(0))? {
            connection.prepare_cached(PROMOTE)?.execute(due)?;
        }
        let State { fresh, leases, .. } = &*taken.state;
        let mut fresh = fresh.first(destination, self.0.max + 1, leases).into_iter().peekable();
        let mut statement = connection.prepare_cached(READY)?;
        let mut rows = statement.query([destination])?;
        let mut ready = rows.next()?.map(read_place).transpose()?;
        let line = || {
            let next = match (fresh.peek(), ready) {
                (Some(first), Some(second)) if second < *first => ready,
                (Some(_), _) => return Ok(fresh.next().map(|place| (place.job, place.due))),
                (None, second) => second,
            };
            ready = rows.next()?.map(read_place).transpose()?;
            Ok(next.map(|place| (place.job, place.due)))
        };
        if !taken.take(connection, line, self.0.max, i64::MAX)? {
            let mut waiting = connection.prepare_cached(WAITING)?;
            let mut rows = waiting.query([destination])?;
            taken.take(connection, || next_of(&mut rows), 0, i64::MAX)?;
        }
        Ok(())
    }

    fn notices(&self, connection: &Connection, taken: &mut Taken) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(NOTICES)?;
        let mut rows = statement.query([])?;
        taken.take(connection, || next_of(&mut rows), self.0.max, write_time(self.0.now))?;
        let fresh = taken.state.fresh.first_notice(&taken.state.leases).map(read_time);
        taken.leased.next = [taken.leased.next, fresh].into_iter().flatten().min();
        Ok(())
    }
}

fn read_place(row: &Row<'_>) -> rusqlite::Result<Place> {
    let job = (row.get(0)?, row.get(1)?);
    Ok(Place { due: row.get(2)?, priority: Reverse(row.get(3)?), turn: row.get(4)?, job })
}

/// The next job of a line, and the time by which it stands there.
fn next_of(rows: &mut Rows<'_>) -> rusqlite::Result<Option<(JobRow, i64)>> {
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some(((row.get(0)?, row.get(1)?), row.get(2)?)))
}

impl Change for Lease {
    type Answer = Taken;

    fn haste(&self) -> Haste {
        Haste::Reads
    }

    fn run(&mut self, connection: &Connection, state: &Arc<State>) -> rusqlite::Result<Taken> {
        let (leased, jobs, unreadable) = (Leased::default(), Vec::new(), Vec::new());
        let mut taken = Taken { state: state.clone(), leased, jobs, unreadable };
        match &self.0.which {
            Which::Due(destination) => self.due(connection, destination, &mut taken)?,
            Which::Notices => self.notices(connection, &mut taken)?,
        }
        Ok(taken)
    }

    fn committed(self, taken: &mut Taken, state: &State) {
        taken.unreadable.iter().for_each(|job| state.fresh.remove(*job));
    }
}

impl Taken {
    /// The leases hold from now on.
    pub(super) fn keep(mut self) -> Leased {
        self.jobs.clear();
        std::mem::take(&mut self.leased)
    }

    /// Takes those that nobody has from a line, up to `max` and to a time; whether there is one more, which
    /// is next then.
    fn take(
        &mut self,
        connection: &Connection,
        mut line: impl FnMut() -> rusqlite::Result<Option<(JobRow, i64)>>,
        max: usize,
        until: i64,
    ) -> rusqlite::Result<bool> {
        while let Some((job, time)) = line()? {
            if self.state.leases.has(job) {
                continue;
            }
            if self.leased.jobs.len() >= max || time > until {
                self.leased.next = Some(read_time(time));
                return Ok(true);
            }
            self.take_one(connection, job)?;
        }
        Ok(false)
    }

    fn take_one(&mut self, connection: &Connection, job: JobRow) -> rusqlite::Result<()> {
        if let Some(Known { entry, job: known, content }) = self.state.fresh.known(job) {
            self.have(job, LeasedJob { entry, job: known, content });
            return Ok(());
        }
        let mut statement = connection.prepare_cached(JOB)?;
        let mut rows = statement.query(job)?;
        let Some(row) = rows.next()? else { return Ok(()) };
        let read = read_message(row).and_then(|entry| Ok((entry, read_job(row, 6)?)));
        let (entry, read) = match read {
            Ok(read) => read,
            Err(error) => {
                self.unreadable.push(job);
                return hold_unreadable(connection, job, &error);
            }
        };
        let content = row.get::<_, Option<Vec<u8>>>(14)?.map(Bytes::from);
        self.have(job, LeasedJob { entry: Arc::new(entry), job: read, content });
        Ok(())
    }

    fn have(&mut self, job: JobRow, leased: LeasedJob) {
        self.state.leases.lock().insert(job);
        self.jobs.push(job);
        self.leased.jobs.push(leased);
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut leases = self.state.leases.lock();
        for job in &self.jobs {
            leases.remove(job);
        }
    }
}

/// Nobody else has to wait for what was damaged; it is an operator's business.
fn hold_unreadable(connection: &Connection, job: JobRow, error: &StoreError) -> rusqlite::Result<()> {
    let (message, number) = job;
    tracing::error!(message, number, %error, "job in the queue cannot be read; it is held");
    let mut statement =
        connection.prepare_cached("UPDATE job SET state = 'held' WHERE message = ? AND number = ?")?;
    statement.execute(job)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use rusqlite::StatementStatus;

    use super::super::open::connect;
    use super::*;

    #[test]
    fn what_is_asked_often_is_planned_once() {
        let directory = tempfile::tempdir().unwrap();
        let (connection, _reader) = connect(directory.path()).unwrap();
        for sql in [CAME_DUE, PROMOTE, READY, WAITING, NOTICES, JOB] {
            let mut statement = connection.prepare(sql).unwrap();
            for time in 0..5 {
                for parameter in 1..=statement.parameter_count() {
                    statement.raw_bind_parameter(parameter, format!("{time}.example")).unwrap();
                }
                let mut rows = statement.raw_query();
                while rows.next().unwrap().is_some() {}
            }
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{sql}");
        }
    }
}
