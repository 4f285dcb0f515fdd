use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, named_params, params};

use super::StoreError;
use super::bodies::Unneeded;
use super::change::{Change, Haste};
use super::row::count;
use super::state::State;
use crate::TraceId;
use crate::queue::JobKey;
use crate::queue::store::record::{write_recipients, write_time};
use crate::queue::store::{Rest, Settlement};

/// What became of a job.
pub(super) struct Settle {
    key: JobKey,
    /// The number of its message, once that was looked up.
    message: Option<i64>,
    rest: Option<(Rest, String)>,
}

/// A message that is not in the queue any more.
pub(super) struct Gone {
    id: TraceId,
    octets: u64,
    has_file: bool,
    /// Its file, once that is so for good.
    pub(super) unneeded: Option<Unneeded>,
}

impl Gone {
    fn committed(&mut self, state: &State) {
        state.usage.less(self.octets);
        self.unneeded = self.has_file.then(|| state.bodies.unneeded(self.id));
    }
}

impl Settle {
    pub(super) fn new(settlement: Settlement) -> Result<Self, StoreError> {
        let Settlement { key, rest } = settlement;
        let rest = rest.map(|rest| Ok::<_, StoreError>((write_recipients(&rest.recipients)?, rest)));
        Ok(Self { key, message: None, rest: rest.transpose()?.map(|(text, rest)| (rest, text)) })
    }
}

impl Change for Settle {
    type Answer = Option<Gone>;

    fn haste(&self) -> Haste {
        Haste::Patient
    }

    fn run(&mut self, connection: &Connection, _: &Arc<State>) -> rusqlite::Result<Option<Gone>> {
        let Some((message, octets)) = find(connection, self.key.id)? else { return Ok(None) };
        self.message = Some(message);
        let Some((rest, text)) = &self.rest else {
            let mut statement =
                connection.prepare_cached("DELETE FROM job WHERE message = ? AND number = ?")?;
            statement.execute(params![message, self.key.number])?;
            return delete(connection, self.key.id, message, octets);
        };
        let mut statement = connection.prepare_cached(
            "UPDATE job SET recipients = :recipients, due = :due, notice = :notice, attempts = :attempts,
                 told = :told, state = CASE state WHEN 'held' THEN 'held' ELSE 'waiting' END
             WHERE message = :message AND number = :number",
        )?;
        statement.execute(named_params! {
            ":recipients": text,
            ":due": write_time(rest.due),
            ":notice": write_time(rest.notice),
            ":attempts": rest.attempts,
            ":told": rest.told.map(write_time),
            ":message": message,
            ":number": self.key.number,
        })?;
        Ok(None)
    }

    fn committed(self, gone: &mut Option<Gone>, state: &State) {
        if let Some(message) = self.message {
            let job = (message, self.key.number);
            state.fresh.remove(job);
            state.leases.lock().remove(&job);
        }
        if let Some(gone) = gone {
            gone.committed(state);
        }
    }
}

/// Removes a message, unless it is being delivered.
pub(super) struct Remove(pub(super) TraceId);

/// What became of a message that was to be removed.
pub(super) enum Removal {
    Gone(Gone),
    /// Others may take it at this moment, without a look into the database. It has to be
    /// [enlisted](super::enlist::Enlist) first.
    Fresh,
    No,
}

impl Change for Remove {
    type Answer = Removal;

    fn run(&mut self, connection: &Connection, state: &Arc<State>) -> rusqlite::Result<Removal> {
        let Some((message, octets)) = find(connection, self.0)? else { return Ok(Removal::No) };
        if state.leases.has_any_of(message) {
            return Ok(Removal::No);
        }
        let mut is_fresh = connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM job WHERE message = ? AND state = 'new')")?;
        if is_fresh.query_row([message], |row| row.get(0))? {
            return Ok(Removal::Fresh);
        }
        connection.prepare_cached("DELETE FROM job WHERE message = ?")?.execute([message])?;
        Ok(delete(connection, self.0, message, octets)?.map_or(Removal::No, Removal::Gone))
    }

    fn committed(self, removal: &mut Removal, state: &State) {
        if let Removal::Gone(gone) = removal {
            gone.committed(state);
        }
    }
}

/// The number of a message, and the octets of its content.
fn find(connection: &Connection, id: TraceId) -> rusqlite::Result<Option<(i64, u64)>> {
    let mut statement = connection.prepare_cached("SELECT number, octets FROM message WHERE id = ?")?;
    statement.query_row([id.as_str()], |row| Ok((row.get(0)?, count(row, 1)?))).optional()
}

/// Deletes a message, if it has no jobs.
fn delete(connection: &Connection, id: TraceId, message: i64, octets: u64) -> rusqlite::Result<Option<Gone>> {
    let mut statement = connection.prepare_cached(
        "DELETE FROM message WHERE number = ?1 AND NOT EXISTS (SELECT 1 FROM job WHERE message = ?1)",
    )?;
    if statement.execute([message])? == 0 {
        return Ok(None);
    }
    let inline = connection.prepare_cached("DELETE FROM content WHERE message = ?")?.execute([message])?;
    Ok(Some(Gone { id, octets, has_file: inline == 0, unneeded: None }))
}
