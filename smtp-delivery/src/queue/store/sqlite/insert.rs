use std::sync::Arc;

use rusqlite::{Connection, ErrorCode, params};

use super::StoreError;
use super::bodies::{Content, Draft};
use super::change::{Change, Room};
use super::fresh::Known;
use super::state::State;
use crate::bounce::Written;
use crate::queue::store::NewMessage;
use crate::queue::store::record::{write_entry, write_recipients, write_time};
use crate::queue::{Entry, Job};

/// A message that comes into the queue. Whether its name was free.
pub(super) struct Insert {
    entry: Entry,
    text: String,
    jobs: Vec<(Job, String)>,
    octets: u64,
    content: Content,
    /// The number of the message, if the database alone does not find its jobs that are due.
    fresh: Option<i64>,
}

impl Insert {
    pub(super) fn new(message: NewMessage, content: Content) -> Result<Self, StoreError> {
        let NewMessage { entry, jobs } = message;
        let with_text =
            |job: Job| Ok((write_recipients(&job.recipients)?, job)).map(|(text, job)| (job, text));
        let jobs = jobs.into_iter().map(with_text).collect::<Result<_, StoreError>>()?;
        Ok(Self { text: write_entry(&entry)?, entry, jobs, octets: content.octets(), content, fresh: None })
    }

    fn insert_message(&self, connection: &Connection) -> rusqlite::Result<i64> {
        let mut statement = connection.prepare_cached(
            "INSERT INTO message (id, arrival, release, expires, priority, octets, entry)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?;
        statement.insert(params![
            self.entry.id.as_str(),
            write_time(self.entry.arrival),
            write_time(self.entry.release),
            write_time(self.entry.expires),
            self.entry.priority,
            i64::try_from(self.octets).unwrap_or(i64::MAX),
            self.text,
        ])
    }

    fn insert_job(
        &self,
        connection: &Connection,
        message: i64,
        job: &Job,
        (text, is_fresh): (&str, bool),
    ) -> rusqlite::Result<()> {
        let mut statement = connection.prepare_cached(
            "INSERT INTO job (message, number, destination, state, priority, turn, due, notice, attempts, told,
                 recipients)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )?;
        let state = match is_due(job, &self.entry) {
            false => "waiting",
            true if is_fresh => "new",
            true => "ready",
        };
        statement.execute(params![
            message,
            job.number,
            &*job.destination,
            state,
            self.entry.priority,
            job.turn,
            write_time(job.due),
            write_time(job.notice),
            job.attempts,
            job.told.map(write_time),
            text,
        ])?;
        Ok(())
    }
}

impl Change for Insert {
    type Answer = bool;

    fn room(&self) -> Room {
        if self.entry.written == Written::ByOthers { Room::Much } else { Room::Notification }
    }

    fn run(&mut self, connection: &Connection, state: &Arc<State>) -> rusqlite::Result<bool> {
        // The first statement is the only one that finds the name taken: nothing is done then.
        let message = match self.insert_message(connection) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                return Ok(false);
            }
            inserted => inserted?,
        };
        if let Content::Inline(octets) = &self.content {
            let mut statement =
                connection.prepare_cached("INSERT INTO content (message, octets) VALUES (?, ?)")?;
            statement.execute(params![message, &**octets])?;
        }
        let is_fresh = state.fresh.has_room();
        self.fresh = is_fresh.then_some(message);
        for (job, text) in &self.jobs {
            self.insert_job(connection, message, job, (text, is_fresh))?;
        }
        Ok(true)
    }

    fn has_file(&self) -> bool {
        matches!(self.content, Content::File(_))
    }

    fn committed(self, inserted: &mut bool, state: &State) {
        if !*inserted {
            return;
        }
        state.usage.more(self.octets);
        let content = match self.content {
            Content::Inline(octets) => Some(octets),
            Content::File(draft) => {
                Draft::keep(draft);
                None
            }
        };
        let Some(message) = self.fresh else { return };
        let entry = Arc::new(self.entry);
        for (job, _) in self.jobs.into_iter().filter(|(job, _)| is_due(job, &entry)) {
            let (entry, content) = (entry.clone(), content.clone());
            state.fresh.add(message, Known { entry, job, content });
        }
    }
}

/// What is due when it comes does not have to be found later.
fn is_due(job: &Job, entry: &Entry) -> bool {
    job.due <= entry.arrival
}
