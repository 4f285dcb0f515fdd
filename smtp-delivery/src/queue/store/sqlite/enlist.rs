use std::sync::Arc;

use rusqlite::Connection;

use super::change::Change;
use super::state::{JobRow, State};

/// Puts all fresh jobs where the database finds them.
#[derive(Debug, Default)]
pub(super) struct Enlist(Vec<JobRow>);

impl Change for Enlist {
    type Answer = ();

    fn run(&mut self, connection: &Connection, state: &Arc<State>) -> rusqlite::Result<()> {
        self.0 = state.fresh.enlist();
        let mut statement = connection.prepare_cached(
            "UPDATE job SET state = 'ready' WHERE message = ? AND number = ? AND state = 'new'",
        )?;
        for job in &self.0 {
            statement.execute(*job)?;
        }
        Ok(())
    }

    fn committed(self, (): &mut (), state: &State) {
        self.0.into_iter().for_each(|job| state.fresh.remove(job));
    }
}
