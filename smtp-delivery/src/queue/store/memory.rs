use std::collections::BTreeMap;
use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use bytes::{Bytes, BytesMut};
use smtp_core::Body;

use super::{
    LeaseRequest, Leased, LeasedJob, Listed, ListedJob, NewMessage, Selection, Settlement, Store, StoreError,
    StoreFuture, Usage, Waiting, Which,
};
use crate::TraceId;
use crate::queue::{Entry, Job, JobKey};

/// A store that is gone with the process: for tests, and where that is good enough. Cheap to clone.
///
/// It looks through everything for each lease: it is not made for many thousands of messages.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    messages: BTreeMap<TraceId, Message>,
    jobs: BTreeMap<JobKey, StoredJob>,
}

#[derive(Debug)]
struct Message {
    entry: Arc<Entry>,
    content: Bytes,
}

#[derive(Debug)]
struct StoredJob {
    job: Job,
    held: bool,
    leased: bool,
}

impl MemoryStore {
    /// Without messages.
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer<T: Send + 'static>(&self, work: impl FnOnce(&mut Inner) -> T) -> StoreFuture<T> {
        Box::pin(ready(Ok(work(&mut self.lock()))))
    }
}

impl Inner {
    fn insert(&mut self, message: NewMessage, content: Bytes) -> Result<(), StoreError> {
        let id = message.entry.id;
        if self.messages.contains_key(&id) {
            return Err(StoreError::taken(id));
        }
        for job in message.jobs {
            let key = JobKey { id, number: job.number };
            self.jobs.insert(key, StoredJob { job, held: false, leased: false });
        }
        self.messages.insert(id, Message { entry: Arc::new(message.entry), content });
        Ok(())
    }

    fn lease(&mut self, request: &LeaseRequest) -> Leased {
        let mut free: Vec<(SystemTime, i8, i64, JobKey)> = Vec::new();
        for (key, stored) in self.jobs.iter().filter(|(_, stored)| !stored.leased && !stored.held) {
            let Some(message) = self.messages.get(&key.id) else { continue };
            let at = match &request.which {
                Which::Due(destination) if *destination == stored.job.destination => stored.job.due,
                Which::Due(_) => continue,
                Which::Notices => stored.job.notice,
            };
            free.push((at, -message.entry.priority, stored.job.turn, *key));
        }
        let (mut ready, later): (Vec<_>, Vec<_>) = free.into_iter().partition(|(at, ..)| *at <= request.now);
        ready.sort_unstable_by_key(|(_, priority, turn, key)| (*priority, *turn, *key));
        let left = ready.split_off(ready.len().min(request.max));
        let next = left.iter().chain(&later).map(|(at, ..)| *at).min();
        Leased { jobs: ready.into_iter().filter_map(|(.., key)| self.take(key)).collect(), next }
    }

    fn take(&mut self, key: JobKey) -> Option<LeasedJob> {
        let message = self.messages.get(&key.id)?;
        let stored = self.jobs.get_mut(&key)?;
        stored.leased = true;
        let content = Some(message.content.clone());
        Some(LeasedJob { entry: message.entry.clone(), job: stored.job.clone(), content })
    }

    fn settle(&mut self, settlement: Settlement) {
        let Settlement { key, rest } = settlement;
        let Some(rest) = rest else {
            self.jobs.remove(&key);
            if !self.jobs.keys().any(|other| other.id == key.id) {
                self.messages.remove(&key.id);
            }
            return;
        };
        let Some(stored) = self.jobs.get_mut(&key) else { return };
        stored.leased = false;
        stored.job.recipients = rest.recipients;
        stored.job.due = rest.due;
        stored.job.notice = rest.notice;
        stored.job.attempts = rest.attempts;
        stored.job.told = rest.told;
    }

    fn listed(&self, id: TraceId) -> Option<Listed> {
        let message = self.messages.get(&id)?;
        let jobs = self.jobs.iter().filter(|(key, _)| key.id == id).map(|(_, stored)| ListedJob {
            job: stored.job.clone(),
            held: stored.held,
            leased: stored.leased,
        });
        let octets = message.content.len() as u64;
        Some(Listed { entry: message.entry.clone(), octets, jobs: jobs.collect() })
    }

    fn change(&mut self, jobs: &Selection, change: impl Fn(&mut StoredJob)) -> Vec<Arc<str>> {
        let mut destinations = Vec::new();
        for (key, stored) in &mut self.jobs {
            let selected = match jobs {
                Selection::All => true,
                Selection::Message(id) => *id == key.id,
                Selection::Destination(destination) => *destination == stored.job.destination,
            };
            if selected {
                change(stored);
                if !destinations.contains(&stored.job.destination) {
                    destinations.push(stored.job.destination.clone());
                }
            }
        }
        destinations
    }

    fn remove(&mut self, id: TraceId) -> bool {
        let free = self.jobs.iter().filter(|(key, _)| key.id == id).all(|(_, stored)| !stored.leased);
        if !free || self.messages.remove(&id).is_none() {
            return false;
        }
        self.jobs.retain(|key, _| key.id != id);
        true
    }
}

impl Store for MemoryStore {
    fn insert(&self, message: NewMessage, mut content: Body) -> StoreFuture<u64> {
        let store = self.clone();
        Box::pin(async move {
            let mut octets = BytesMut::new();
            while let Some(chunk) = content.next().await {
                octets.extend_from_slice(&chunk?);
            }
            let size = octets.len() as u64;
            store.lock().insert(message, octets.freeze())?;
            Ok(size)
        })
    }

    fn release_all(&self) -> StoreFuture<()> {
        self.answer(|inner| inner.jobs.values_mut().for_each(|stored| stored.leased = false))
    }

    fn usage(&self) -> Usage {
        let inner = self.lock();
        let octets = inner.messages.values().map(|message| message.content.len() as u64).sum();
        Usage { messages: inner.messages.len() as u64, octets }
    }

    fn destinations(&self) -> StoreFuture<Vec<Waiting>> {
        self.answer(|inner| {
            let mut first = BTreeMap::<Arc<str>, SystemTime>::new();
            for stored in inner.jobs.values().filter(|stored| !stored.held) {
                let due = first.entry(stored.job.destination.clone()).or_insert(stored.job.due);
                *due = stored.job.due.min(*due);
            }
            first.into_iter().map(|(destination, due)| Waiting { destination, due }).collect()
        })
    }

    fn lease(&self, request: LeaseRequest) -> StoreFuture<Leased> {
        self.answer(|inner| inner.lease(&request))
    }

    fn renew(&self, _: Vec<JobKey>, _: SystemTime) -> StoreFuture<()> {
        self.answer(|_| ())
    }

    fn settle(&self, settlement: Settlement) -> StoreFuture<()> {
        self.answer(|inner| inner.settle(settlement))
    }

    fn content(&self, id: TraceId) -> StoreFuture<Body> {
        let content = self.lock().messages.get(&id).map(|message| message.content.clone());
        Box::pin(ready(content.map(Body::from).ok_or_else(|| StoreError::unknown(id))))
    }

    fn list(&self, after: Option<TraceId>, max: usize) -> StoreFuture<Vec<Listed>> {
        self.answer(|inner| {
            let behind = inner.messages.keys().copied().filter(|id| after.is_none_or(|after| *id > after));
            behind.take(max).filter_map(|id| inner.listed(id)).collect()
        })
    }

    fn find(&self, id: TraceId) -> StoreFuture<Option<Listed>> {
        self.answer(|inner| inner.listed(id))
    }

    fn hold(&self, jobs: Selection, held: bool) -> StoreFuture<Vec<Arc<str>>> {
        self.answer(|inner| inner.change(&jobs, |stored| stored.held = held))
    }

    fn expedite(&self, jobs: Selection, due: SystemTime) -> StoreFuture<Vec<Arc<str>>> {
        self.answer(|inner| inner.change(&jobs, |stored| stored.job.due = stored.job.due.min(due)))
    }

    fn remove(&self, id: TraceId) -> StoreFuture<bool> {
        self.answer(|inner| inner.remove(id))
    }
}
