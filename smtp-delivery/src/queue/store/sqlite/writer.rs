use std::fs::File;
use std::io;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::change::{Call, Haste, Operation, Room};
use super::enlist::Enlist;
use super::read::Reader;
use super::reserve::Reserve;
use super::state::State;

/// So many free pages of 4 KiB stay in the database for messages to come.
const SPARE: i64 = 16_384;
/// How long a wait for company is at most.
const PATIENCE: Duration = Duration::from_millis(10);
/// How often company is looked for meanwhile.
const LOOKS: u32 = 4;
/// Where so many waited for the disk together, more of them are on their way.
const CROWD: usize = 4;
/// A piece takes as long as a few messages.
const GIVE_BACK: &str = "PRAGMA incremental_vacuum(256)";

/// What the writer is told.
pub(super) enum Order {
    Do(Box<dyn Operation>),
    Close(oneshot::Sender<()>),
}

/// The one who writes, in a thread of its own. What came while it waited for the disk is made durable
/// together.
///
/// A wait for the disk costs much more than what is written, so before it there is a look whether somebody comes
/// who can share it. Outcomes of deliveries, for which nobody waits who is in a hurry, take as long for that as
/// they would otherwise make others wait. Where many come at once, those who were just answered have up to a
/// quarter of that to come again. Who comes alone does not wait.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) batch: usize,
    /// How long the last wait for the disk was, and how many shared the last one of those who were in a hurry.
    pub(super) waited: (Duration, usize),
    pub(super) state: Arc<State>,
    pub(super) reserve: Reserve,
    pub(super) reader: Arc<Reader>,
    /// Held as long as the directory is ours.
    pub(super) lock: File,
}

impl Writer {
    /// Works until it is told to close, or nobody is left who could tell it anything.
    pub(super) fn run(mut self) {
        let mut closing = None;
        while closing.is_none() {
            let Some(first) = self.orders.blocking_recv() else { break };
            let mut batch = Vec::new();
            closing = self.gather(Some(first), &mut batch);
            closing = closing.or_else(|| self.wait_for_company(&mut batch));
            let (enlist, _answer) = Call::new(Enlist::default());
            if self.state.fresh.is_stale() {
                batch.push(Box::new(enlist));
            }
            self.work(batch);
            while closing.is_none() && self.is_idle() && self.give_back_room() {}
        }
        self.orders.close();
        self.close();
        if let Some(closed) = closing {
            let _ = closed.send(());
        }
    }

    /// Takes what is there; if that is to close, who is told then.
    fn gather(
        &mut self,
        mut next: Option<Order>,
        batch: &mut Vec<Box<dyn Operation>>,
    ) -> Option<oneshot::Sender<()>> {
        while let Some(order) = next.take() {
            match order {
                Order::Do(operation) => batch.push(operation),
                Order::Close(closed) => return Some(closed),
            }
            if batch.len() < self.batch {
                next = self.orders.try_recv().ok();
            }
        }
        None
    }

    /// Gives others a little time to come, too.
    fn wait_for_company(&mut self, batch: &mut Vec<Box<dyn Operation>>) -> Option<oneshot::Sender<()>> {
        let (waited, crowd) = self.waited;
        for _ in 0..LOOKS {
            let in_a_hurry = batch.iter().any(|operation| operation.haste() == Haste::Durable);
            if batch.len() >= self.batch || in_a_hurry && crowd < CROWD {
                break;
            }
            // Nothing has to be durable for these.
            let (read, wait) = batch.drain(..).partition(|operation| operation.haste() == Haste::Reads);
            *batch = wait;
            self.work(read);
            let before = batch.len();
            if before == 0 {
                break;
            }
            sleep(if in_a_hurry { waited / 4 / LOOKS } else { waited / LOOKS });
            let next = self.orders.try_recv().ok();
            if let Some(closed) = self.gather(next, batch) {
                return Some(closed);
            }
            if in_a_hurry && batch.len() == before {
                break;
            }
        }
        None
    }

    /// Does all of it, or else each by itself.
    fn work(&mut self, mut batch: Vec<Box<dyn Operation>>) {
        batch.retain(|operation| !operation.is_given_up());
        let mut batch = self.with_room(batch);
        if batch.is_empty() {
            return;
        }
        match self.transaction(&mut batch) {
            Ok(()) => batch.into_iter().for_each(|operation| operation.committed(&self.state)),
            // To ask for each would only take longer.
            Err(error) if error.is_busy() => {
                tracing::error!("queue not written: another program has locked the database");
                let busy = || StoreError::other("another program has locked the database");
                batch.into_iter().for_each(|operation| operation.failed(busy()));
            }
            Err(error) => {
                tracing::warn!(%error, operations = batch.len(), "queue not written, trying each by itself");
                // What makes room goes before what takes it.
                batch.sort_by_key(|operation| operation.room());
                batch.into_iter().for_each(|operation| self.work_alone(operation));
            }
        }
    }

    fn work_alone(&mut self, operation: Box<dyn Operation>) {
        let Some(operation) = self.with_room(vec![operation]).pop() else { return };
        let mut one = [operation];
        let mut outcome = self.transaction(&mut one);
        let room = one[0].room();
        if outcome.as_ref().is_err_and(StoreError::is_full)
            && room < Room::Much
            && (self.reserve.release() || room == Room::Little)
        {
            self.reuse_log();
            outcome = self.transaction(&mut one);
        }
        let [operation] = one;
        match outcome {
            Ok(()) => operation.committed(&self.state),
            Err(error) => operation.failed(error),
        }
    }

    /// Refuses what takes room as long as the reserve is used: it is for what makes room.
    fn with_room(&mut self, batch: Vec<Box<dyn Operation>>) -> Vec<Box<dyn Operation>> {
        if self.reserve.is_there()
            || batch.iter().all(|operation| operation.room() == Room::Little)
            || self.reserve.refill()
        {
            return batch;
        }
        let notifies = batch.iter().any(|operation| operation.room() == Room::Notification);
        // What is in the log takes room once more when it is moved: what is free then is free.
        let has_room = notifies && self.reuse_log() && self.reserve.has_quarter();
        let allowed = if has_room { Room::Notification } else { Room::Little };
        let (refused, rest): (Vec<_>, _) =
            batch.into_iter().partition(|operation| operation.room() > allowed);
        refused
            .into_iter()
            .for_each(|operation| operation.failed(io::Error::from(io::ErrorKind::StorageFull).into()));
        rest
    }

    fn transaction(&mut self, batch: &mut [Box<dyn Operation>]) -> Result<(), StoreError> {
        let outcome = self.attempt(batch);
        if outcome.is_err() {
            if !self.connection.is_autocommit()
                && let Err(error) = self.connection.execute_batch("ROLLBACK")
            {
                tracing::error!(%error, "queue: transaction not rolled back");
            }
            batch.iter_mut().for_each(|operation| operation.undo());
        }
        outcome
    }

    fn attempt(&mut self, batch: &mut [Box<dyn Operation>]) -> Result<(), StoreError> {
        let execute = |sql| self.connection.prepare_cached(sql)?.execute([]);
        execute("BEGIN IMMEDIATE")?;
        for operation in batch.iter_mut() {
            operation.run(&self.connection, &self.state)?;
        }
        if batch.iter().any(|operation| operation.has_file()) {
            self.state.bodies.sync()?;
        }
        let start = Instant::now();
        execute("COMMIT")?;
        if batch.iter().any(|operation| operation.haste() != Haste::Reads) {
            self.waited.0 = start.elapsed().min(PATIENCE);
        }
        let in_a_hurry = batch.iter().filter(|operation| operation.haste() == Haste::Durable).count();
        if in_a_hurry > 0 {
            self.waited.1 = in_a_hurry;
        }
        Ok(())
    }

    fn is_idle(&self) -> bool {
        self.orders.is_empty() && !self.orders.is_closed()
    }

    /// Gives the file system a piece of what the database does not need any more, after a flood; `false`
    /// if there is little of it.
    fn give_back_room(&self) -> bool {
        let free = self.connection.prepare_cached("PRAGMA freelist_count");
        let free = free.and_then(|mut free| free.query_row([], |row| row.get::<_, i64>(0)));
        free.is_ok_and(|free| free > SPARE) && self.connection.execute_batch(GIVE_BACK).is_ok()
    }

    /// Moves the log into the database, so that it is written from its start again and takes no more room;
    /// `false` if that fails.
    fn reuse_log(&self) -> bool {
        // The first column tells that somebody still reads it.
        let busy =
            self.connection.query_row("PRAGMA wal_checkpoint(RESTART)", [], |row| row.get::<_, bool>(0));
        if let Err(error) = &busy {
            tracing::warn!(%error, "queue: log not moved into the database");
        }
        busy.is_ok_and(|busy| !busy)
    }

    fn close(self) {
        // The last connection that closes tidies up.
        self.reader.close();
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "queue not closed");
        }
        drop(self.lock);
    }
}
