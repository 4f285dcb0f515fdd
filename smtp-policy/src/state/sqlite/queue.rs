use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smtp_core::BoxError;
use tokio::sync::oneshot;

use super::database::Database;
use crate::state::{StateChange, StateKey};

/// How many changes may wait: those of more sessions than a server has.
const MOST_WAITING: usize = 8192;
/// How many changes are one transaction.
const BATCH: usize = 256;

type Answer = Result<(), BoxError>;

/// The changes that wait for the database. One thread of the blocking pool works them off, as long as there
/// are any.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    database: Mutex<Database>,
}

#[derive(Default)]
struct Waiting {
    jobs: Vec<Job>,
    is_worked_off: bool,
}

struct Job {
    key: StateKey,
    change: StateChange,
    answer: oneshot::Sender<Answer>,
}

impl Queue {
    pub(super) fn new(database: Database) -> Self {
        Self { waiting: Mutex::default(), database: Mutex::new(database) }
    }

    pub(super) fn push(
        self: &Arc<Self>,
        key: StateKey,
        change: StateChange,
    ) -> Result<oneshot::Receiver<Answer>, BoxError> {
        let (answer, answered) = oneshot::channel();
        let mut waiting = lock(&self.waiting);
        if waiting.jobs.len() >= MOST_WAITING {
            return Err("too many changes wait for the database".into());
        }
        waiting.jobs.push(Job { key, change, answer });
        if !mem::replace(&mut waiting.is_worked_off, true) {
            let this = Arc::clone(self);
            tokio::task::spawn_blocking(move || this.work_off());
        }
        Ok(answered)
    }

    fn work_off(&self) {
        let mut database = lock(&self.database);
        while let Some(mut jobs) = self.take() {
            // Whoever panics does not keep those who come later waiting for ever.
            let applied = catch_unwind(AssertUnwindSafe(|| {
                database.apply(jobs.iter_mut().map(|job| (&job.key, &mut job.change)))
            }));
            let result = match applied {
                Ok(result) => result.map_err(|error| error.to_string()),
                Err(_) => Err("a change panicked".to_owned()),
            };
            for job in jobs {
                // Who hung up meanwhile needs none.
                let _ = job.answer.send(result.clone().map_err(Into::into));
            }
        }
    }

    fn take(&self) -> Option<Vec<Job>> {
        let mut waiting = lock(&self.waiting);
        let length = waiting.jobs.len().min(BATCH);
        waiting.is_worked_off = length > 0;
        waiting.is_worked_off.then(|| waiting.jobs.drain(..length).collect())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A change that panics ends its transaction, and leaves the lists whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
