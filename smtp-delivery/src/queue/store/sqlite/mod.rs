//! A store in a directory, with SQLite.

mod bodies;
mod change;
mod enlist;
mod error;
mod fresh;
mod insert;
mod lease;
mod open;
mod operate;
mod options;
mod read;
mod reserve;
mod row;
mod schema;
mod settle;
mod state;
mod writer;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use rusqlite::Connection;
use smtp_core::{Body, BoxFuture};
use tokio::sync::{mpsc, oneshot};

pub use options::SqliteOptions;

use self::change::{Call, Change};
use self::enlist::Enlist;
use self::read::Reader;
use self::state::State;
use self::writer::Order;
use super::{
    LeaseRequest, Leased, Listed, NewMessage, Selection, Settlement, Store, StoreError, StoreFuture, Usage,
    Waiting, Which,
};
use crate::TraceId;
use crate::queue::JobKey;
use crate::queue::store::record::read_time;

/// A store in a directory of its own, with nothing to install. Cheap to clone; the last one that is
/// dropped closes it.
///
/// What is acknowledged is on disk. Messages that come at the same time share one wait for the disk.
/// One process at a time has the directory; leases end with it.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("queue");
/// use smtp_delivery::queue::{Queue, SqliteOptions, SqliteStore};
/// use smtp_delivery::Discard;
///
/// let store = SqliteStore::open(path, SqliteOptions::default()).await?;
/// let (queue, worker) = Queue::new(store, Discard);
/// # Ok::<(), smtp_core::BoxError>(()) }).unwrap();
/// ```
///
/// # What is in the directory
/// | | |
/// |---|---|
/// | `queue.db`, `queue.db-wal`, `queue.db-shm` | the database, with contents up to [`SqliteOptions::inline()`] |
/// | `content/` | larger contents, in a file of the message's name each |
/// | `reserve` | room for the time when the disk is full, see [`SqliteOptions::reserve()`] |
/// | `lock` | held by the process that has the directory |
///
/// All of it is the owner's alone. A file in `content` that no message needs is removed by the next
/// process that opens the directory.
///
/// # What is in the database
/// `sqlite3 queue.db` may look at any time; to change something, the program that has the directory is
/// asked, or ended first. Times are in microseconds since 1970:
/// `datetime(due / 1000000, 'unixepoch')` is readable.
///
/// | table `message` | |
/// |---|---|
/// | `number` | what the other tables call it |
/// | `id` | its name |
/// | `arrival`, `release`, `expires` | when it came, since and until when it is tried |
/// | `priority` | from -9 to 9 |
/// | `octets` | the size of its content |
/// | `entry` | its sender and where it came from, in JSON |
///
/// | table `job` | the recipients of a message that have one destination |
/// |---|---|
/// | `message`, `number` | of which message it is, and which of that |
/// | `destination` | where it goes |
/// | `state` | `new` and due, `waiting` for its time, `ready` when that has come, or `held` by an operator |
/// | `priority`, `turn` | its place among those that are ready |
/// | `due` | when it may be tried |
/// | `notice` | when its sender is to hear of it |
/// | `attempts`, `told` | how often it was tried; when the sender heard that it is late |
/// | `recipients` | who waits, with what was last said of them, or what became of them that somebody has yet to hear of, in JSON |
///
/// | table `content` | contents that are in no file |
/// |---|---|
/// | `message`, `octets` | of which message, and what |
///
/// # Its cost
/// Mostly that of waits for the disk. SQLite syncs what the file system notes of a file, too, which is a second
/// wait each time, unless it is built with `LIBSQLITE3_FLAGS=-DHAVE_FDATASYNC=1` in the environment, as in
/// this workspace.
///
/// # Errors
/// 452 4.3.1 is the answer to messages while the disk is full; those in the queue are still delivered, and
/// their senders notified, which may take longer.
#[derive(Clone)]
pub struct SqliteStore {
    orders: mpsc::Sender<Order>,
    reader: Arc<Reader>,
    state: Arc<State>,
    options: Arc<SqliteOptions>,
}

impl SqliteStore {
    /// Opens the store in this directory, which is made if it is missing.
    ///
    /// # Errors
    /// If another process has it, if it was made by a later version or is damaged, if the disk fails.
    pub async fn open(directory: impl Into<PathBuf>, options: SqliteOptions) -> Result<Self, StoreError> {
        let directory = directory.into();
        blocking(move || open::open(&directory, options)).await
    }

    /// Ends what was begun and closes the database, whoever else has the store: they get errors from now
    /// on. Afterwards the directory is free.
    pub async fn close(&self) {
        let (closed, done) = oneshot::channel();
        if self.orders.send(Order::Close(closed)).await.is_ok() {
            // Without an answer it is closed already.
            let _ = done.await;
        }
    }

    /// Has the writer do this. It is done, or not, as a whole.
    async fn change<C: Change>(&self, change: C) -> Result<C::Answer, StoreError> {
        let (call, answer) = Call::new(change);
        let sent = self.orders.send(Order::Do(Box::new(call))).await;
        sent.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// Reads, beside the writer.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = self.reader.clone();
        blocking(move || reader.read(read)).await
    }

    async fn insert_message(self, message: NewMessage, content: Body) -> Result<u64, StoreError> {
        let id = message.entry.id;
        let content = self.state.bodies.take(id, content, self.options.inline).await?;
        let octets = content.octets();
        let taken = self.change(insert::Insert::new(message, content)?).await?;
        if taken { Ok(octets) } else { Err(StoreError::taken(id)) }
    }

    async fn change_all(
        self,
        selection: Selection,
        what: operate::What,
    ) -> Result<Vec<Arc<str>>, StoreError> {
        // What came before this is found by it.
        self.change(Enlist::default()).await?;
        while self.change(operate::Operate::new(selection.clone(), what)).await? {}
        self.read(move |connection| read::destinations_of(connection, &selection)).await
    }

    async fn remove_message(self, id: TraceId) -> Result<bool, StoreError> {
        let mut removal = self.change(settle::Remove(id)).await?;
        if matches!(removal, settle::Removal::Fresh) {
            self.change(Enlist::default()).await?;
            removal = self.change(settle::Remove(id)).await?;
        }
        let settle::Removal::Gone(gone) = removal else { return Ok(false) };
        Self::discard(gone.unneeded).await?;
        Ok(true)
    }

    /// Whether somebody has to hear of a message that came a moment ago.
    fn has_fresh_notice(&self, now: SystemTime) -> bool {
        let first = self.state.fresh.first_notice(&self.state.leases);
        first.is_some_and(|first| read_time(first) <= now)
    }

    /// Gives up what became superfluous in the file system.
    async fn discard(unneeded: Option<bodies::Unneeded>) -> Result<(), StoreError> {
        match unneeded {
            Some(unneeded) => {
                blocking(move || {
                    drop(unneeded);
                    Ok(())
                })
                .await
            }
            None => Ok(()),
        }
    }
}

fn closed() -> StoreError {
    StoreError::Final("the store is closed".into())
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(StoreError::other(error)))
}

impl Store for SqliteStore {
    fn insert(&self, message: NewMessage, content: Body) -> StoreFuture<u64> {
        Box::pin(self.clone().insert_message(message, content))
    }

    fn release_all(&self) -> StoreFuture<()> {
        self.state.leases.lock().clear();
        Box::pin(std::future::ready(Ok(())))
    }

    fn usage(&self) -> Usage {
        self.state.usage.get()
    }

    fn destinations(&self) -> StoreFuture<Vec<Waiting>> {
        let store = self.clone();
        Box::pin(async move {
            // First: those that are enlisted meanwhile are seen there.
            let mut fresh = store.state.fresh.destinations();
            let mut all = store.read(read::destinations).await?;
            for waiting in &mut all {
                let due = fresh.remove(&waiting.destination).unwrap_or(waiting.due);
                waiting.due = waiting.due.min(due);
            }
            all.extend(fresh.into_iter().map(|(destination, due)| Waiting { destination, due }));
            Ok(all)
        })
    }

    fn lease(&self, request: LeaseRequest) -> StoreFuture<Leased> {
        let store = self.clone();
        Box::pin(async move {
            if request.which == Which::Notices && store.has_fresh_notice(request.now) {
                store.change(Enlist::default()).await?;
            }
            Ok(store.change(lease::Lease::new(request)).await?.keep())
        })
    }

    fn renew(&self, _: Vec<JobKey>, _: SystemTime) -> StoreFuture<()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn settle(&self, settlement: Settlement) -> StoreFuture<()> {
        let store = self.clone();
        Box::pin(async move {
            let gone = store.change(settle::Settle::new(settlement)?).await?;
            Self::discard(gone.and_then(|gone| gone.unneeded)).await
        })
    }

    fn content(&self, id: TraceId) -> StoreFuture<Body> {
        let store = self.clone();
        let state = self.state.clone();
        Box::pin(
            async move { store.read(move |connection| read::content(connection, &state.bodies, id)).await },
        )
    }

    fn changed(&self) -> BoxFuture<Option<Vec<Waiting>>> {
        let state = self.state.clone();
        Box::pin(async move {
            state.changed.notified().await;
            None
        })
    }

    fn list(&self, after: Option<TraceId>, max: usize) -> StoreFuture<Vec<Listed>> {
        let store = self.clone();
        let state = self.state.clone();
        Box::pin(async move {
            store.read(move |connection| read::list(connection, &state.leases, after, max)).await
        })
    }

    fn find(&self, id: TraceId) -> StoreFuture<Option<Listed>> {
        let store = self.clone();
        let state = self.state.clone();
        Box::pin(async move { store.read(move |connection| read::find(connection, &state.leases, id)).await })
    }

    fn hold(&self, jobs: Selection, held: bool) -> StoreFuture<Vec<Arc<str>>> {
        let what = if held { operate::What::Hold } else { operate::What::Release };
        Box::pin(self.clone().change_all(jobs, what))
    }

    fn expedite(&self, jobs: Selection, due: SystemTime) -> StoreFuture<Vec<Arc<str>>> {
        Box::pin(self.clone().change_all(jobs, operate::What::Expedite(due)))
    }

    fn remove(&self, id: TraceId) -> StoreFuture<bool> {
        Box::pin(self.clone().remove_message(id))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("usage", &self.usage()).finish_non_exhaustive()
    }
}
