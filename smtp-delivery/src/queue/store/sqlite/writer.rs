use std::fs::File;
use std::io;
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::change::{Operation, Room};
use super::read::Reader;
use super::reserve::Reserve;
use super::state::State;

/// So many free pages of 4 KiB stay in the database for messages to come.
const SPARE: i64 = 16_384;
/// A piece takes as long as a few messages.
const GIVE_BACK: &str = "PRAGMA incremental_vacuum(256)";

/// What the writer is told.
pub(super) enum Order {
    Do(Box<dyn Operation>),
    Close(oneshot::Sender<()>),
}

/// The one who writes, in a thread of its own. What came while it waited for the disk is made durable
/// together.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) orders: mpsc::Receiver<Order>,
    pub(super) batch: usize,
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
            let mut next = Some(first);
            while let Some(order) = next.take() {
                match order {
                    Order::Do(operation) => batch.push(operation),
                    Order::Close(closed) => {
                        closing = Some(closed);
                        break;
                    }
                }
                if batch.len() < self.batch {
                    next = self.orders.try_recv().ok();
                }
            }
            batch.retain(|operation| !operation.is_given_up());
            self.work(batch);
            while closing.is_none() && self.is_idle() && self.give_back_room() {}
        }
        self.orders.close();
        self.close();
        if let Some(closed) = closing {
            let _ = closed.send(());
        }
    }

    /// Does all of it, or else each by itself.
    fn work(&mut self, batch: Vec<Box<dyn Operation>>) {
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

    fn transaction(&self, batch: &mut [Box<dyn Operation>]) -> Result<(), StoreError> {
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

    fn attempt(&self, batch: &mut [Box<dyn Operation>]) -> Result<(), StoreError> {
        let execute = |sql| self.connection.prepare_cached(sql)?.execute([]);
        execute("BEGIN IMMEDIATE")?;
        for operation in batch.iter_mut() {
            operation.run(&self.connection, &self.state)?;
        }
        if batch.iter().any(|operation| operation.has_file()) {
            self.state.bodies.sync()?;
        }
        execute("COMMIT")?;
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
