use std::sync::Arc;
use std::time::SystemTime;

use rusqlite::Connection;

use super::change::Change;
use super::state::State;
use crate::queue::store::Selection;
use crate::queue::store::record::write_time;

/// How many jobs are changed before others have their turn.
const AT_ONCE: u32 = 1000;

/// What an operator wants of many jobs. Whether there may be more of them: then it is to be done again.
pub(super) struct Operate {
    selection: Selection,
    what: What,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    Hold,
    Release,
    Expedite(SystemTime),
}

impl Operate {
    pub(super) fn new(selection: Selection, what: What) -> Self {
        Self { selection, what }
    }

    /// The states in which jobs are found, and what becomes of them: so that none is found again.
    fn change(&self) -> (&'static [&'static str], &'static str) {
        match self.what {
            What::Hold => (&["waiting", "ready"], "state = 'held'"),
            What::Release => (&["held"], "state = 'waiting'"),
            What::Expedite(_) => (&["waiting"], "state = 'ready', due = min(due, ?1)"),
        }
    }

    fn sql(&self, state: &str, change: &str) -> String {
        let which = match self.selection {
            Selection::All => "",
            Selection::Message(_) => " AND message = (SELECT number FROM message WHERE id = ?2)",
            Selection::Destination(_) => " AND destination = ?2",
        };
        format!(
            "UPDATE job SET {change} WHERE (message, number) IN (
                 SELECT message, number FROM job WHERE state = '{state}'{which} LIMIT ?3)"
        )
    }
}

impl Change for Operate {
    type Answer = bool;

    fn run(&mut self, connection: &Connection, _: &Arc<State>) -> rusqlite::Result<bool> {
        let due = match self.what {
            What::Expedite(due) => write_time(due),
            What::Hold | What::Release => 0,
        };
        let name = match &self.selection {
            Selection::All => "",
            Selection::Message(id) => id.as_str(),
            Selection::Destination(destination) => destination,
        };
        let (states, change) = self.change();
        let mut more = false;
        for state in states {
            // The last parameter is the third, so there are three, whichever the statement names.
            let mut statement = connection.prepare_cached(&self.sql(state, change))?;
            more |= statement.execute((due, name, AT_ONCE))? >= AT_ONCE as usize;
        }
        Ok(more)
    }
}
