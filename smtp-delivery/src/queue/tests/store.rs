//! A store with troubles.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use futures::FutureExt as _;
use smtp_core::{Body, BodyErrorKind};

use crate::TraceId;
use crate::queue::JobKey;
use crate::queue::store::{
    LeaseRequest, Leased, Listed, MemoryStore, NewMessage, Selection, Settlement, Store, StoreError,
    StoreFuture, Usage, Waiting,
};

/// A store in memory that fails as it is told to. Contents are never at hand: they have to be read.
#[derive(Clone, Default)]
pub(super) struct Troubled {
    inner: MemoryStore,
    troubles: Arc<Troubles>,
}

#[derive(Default)]
struct Troubles {
    /// How often it is away when a worker begins, and whether that is for good.
    away: AtomicUsize,
    closed: AtomicBool,
    /// How many messages are kept without an answer.
    mute: AtomicUsize,
    /// How many outcomes cannot be noted down.
    full: AtomicUsize,
    /// How many contents cannot be read.
    unread: AtomicUsize,
    /// Whose content is damaged, and whose is missing.
    damaged: Mutex<Vec<TraceId>>,
    missing: Mutex<Vec<TraceId>>,
}

/// Whether there is still one of so many.
fn one_of(left: &AtomicUsize) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

fn has(ids: &Mutex<Vec<TraceId>>, id: TraceId) -> bool {
    ids.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
}

fn away<T: Send + 'static>() -> StoreFuture<T> {
    std::future::ready(Err(StoreError::other("away"))).boxed()
}

impl Troubled {
    /// Is away this often when a worker begins.
    pub(super) fn away(self, times: usize) -> Self {
        self.troubles.away.store(times, Ordering::Relaxed);
        self
    }

    /// Was closed.
    pub(super) fn closed(self) -> Self {
        self.troubles.closed.store(true, Ordering::Relaxed);
        self
    }

    /// Keeps so many messages without an answer.
    pub(super) fn mute(self, messages: usize) -> Self {
        self.troubles.mute.store(messages, Ordering::Relaxed);
        self
    }

    /// Cannot note down so many outcomes.
    pub(super) fn full(self, outcomes: usize) -> Self {
        self.troubles.full.store(outcomes, Ordering::Relaxed);
        self
    }

    /// Cannot read so many contents.
    pub(super) fn unread(self, contents: usize) -> Self {
        self.troubles.unread.store(contents, Ordering::Relaxed);
        self
    }

    /// The content of this message ends too early.
    pub(super) fn damage(&self, id: TraceId) {
        self.troubles.damaged.lock().unwrap().push(id);
    }

    /// The content of this message is not there.
    pub(super) fn lose(&self, id: TraceId) {
        self.troubles.missing.lock().unwrap().push(id);
    }
}

impl Store for Troubled {
    fn insert(&self, message: NewMessage, content: Body) -> StoreFuture<u64> {
        let inserted = self.inner.insert(message, content);
        if one_of(&self.troubles.mute) {
            return async move {
                inserted.await?;
                std::future::pending().await
            }
            .boxed();
        }
        inserted
    }

    fn release_all(&self) -> StoreFuture<()> {
        if self.troubles.closed.load(Ordering::Relaxed) {
            return std::future::ready(Err(StoreError::Final("closed".into()))).boxed();
        }
        if one_of(&self.troubles.away) { away() } else { self.inner.release_all() }
    }

    fn usage(&self) -> Usage {
        self.inner.usage()
    }

    fn destinations(&self) -> StoreFuture<Vec<Waiting>> {
        self.inner.destinations()
    }

    fn lease(&self, request: LeaseRequest) -> StoreFuture<Leased> {
        let leased = self.inner.lease(request);
        async move {
            let mut leased = leased.await?;
            leased.jobs.iter_mut().for_each(|job| job.content = None);
            Ok(leased)
        }
        .boxed()
    }

    fn renew(&self, jobs: Vec<JobKey>, until: SystemTime) -> StoreFuture<()> {
        self.inner.renew(jobs, until)
    }

    fn settle(&self, settlement: Settlement) -> StoreFuture<()> {
        if one_of(&self.troubles.full) {
            let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
            return std::future::ready(Err(full.into())).boxed();
        }
        self.inner.settle(settlement)
    }

    fn content(&self, id: TraceId) -> StoreFuture<Body> {
        if one_of(&self.troubles.unread) {
            return away();
        }
        if has(&self.troubles.missing, id) {
            let missing = std::io::Error::from(std::io::ErrorKind::NotFound);
            return std::future::ready(Err(missing.into())).boxed();
        }
        if has(&self.troubles.damaged, id) {
            let chunks = [Ok("\r\nhel".into()), Err(BodyErrorKind::Disconnected.into())];
            return std::future::ready(Ok(Body::from_stream(futures::stream::iter(chunks)))).boxed();
        }
        self.inner.content(id)
    }

    fn list(&self, after: Option<TraceId>, max: usize) -> StoreFuture<Vec<Listed>> {
        self.inner.list(after, max)
    }

    fn find(&self, id: TraceId) -> StoreFuture<Option<Listed>> {
        self.inner.find(id)
    }

    fn hold(&self, jobs: Selection, held: bool) -> StoreFuture<Vec<Arc<str>>> {
        self.inner.hold(jobs, held)
    }

    fn expedite(&self, jobs: Selection, due: SystemTime) -> StoreFuture<Vec<Arc<str>>> {
        self.inner.expedite(jobs, due)
    }

    fn remove(&self, id: TraceId) -> StoreFuture<bool> {
        self.inner.remove(id)
    }
}
