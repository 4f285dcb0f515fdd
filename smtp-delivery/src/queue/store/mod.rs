//! Where a queue keeps its messages.
//!
//! A [`Store`] is durable and knows nothing of policies: when what is tried again, and how much goes to
//! one destination at once, is the queue's business. It holds *messages*, each with its content, and of
//! each one *job* or more: the recipients of one destination. A job is *leased* to be delivered, so that
//! nobody else takes it, and *settled* afterwards.

mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
#[cfg_attr(not(feature = "sqlite"), allow(dead_code))]
mod record;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use smtp_core::{Body, BodyError, BoxError, BoxFuture, Reply};

pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteOptions, SqliteStore};

use super::{Entry, Job, JobKey, Pending};
use crate::{TraceId, storage};

/// What a store answers, later.
pub type StoreFuture<T> = BoxFuture<Result<T, StoreError>>;

/// Keeps the messages of a queue.
///
/// All times are given: a store has no clock of its own, but for leases that several nodes share.
///
/// What was acknowledged with `Ok` outlives the end of the process at any moment, and that of the
/// machine where the store says so.
pub trait Store: Send + Sync + 'static {
    /// Keeps a message: its entry, its jobs and its content, all or nothing. Gives the octets of the
    /// content. A name that is taken is an error.
    fn insert(&self, message: NewMessage, content: Body) -> StoreFuture<u64>;

    /// Ends all leases of this process: what a worker begins with.
    fn release_all(&self) -> StoreFuture<()>;

    /// How much there is; may be a few moments old where others write too.
    fn usage(&self) -> Usage;

    /// Everywhere that a job waits for, with the time at which the first of them is due; held jobs are
    /// none.
    fn destinations(&self) -> StoreFuture<Vec<Waiting>>;

    /// Takes jobs that nobody else has and that are not held.
    fn lease(&self, request: LeaseRequest) -> StoreFuture<Leased>;

    /// Goes on holding these leases until then. Embedded stores, which nobody shares, do nothing: their
    /// leases end with the process.
    fn renew(&self, jobs: Vec<JobKey>, until: SystemTime) -> StoreFuture<()>;

    /// Ends a lease. With the last job of a message the message is gone.
    fn settle(&self, settlement: Settlement) -> StoreFuture<()>;

    /// The content of a message.
    fn content(&self, id: TraceId) -> StoreFuture<Body>;

    /// Waits until others have changed something: the destinations that have something due since, or
    /// `None` if they have to be [read](Self::destinations) again. Never ready where nobody else writes.
    fn changed(&self) -> BoxFuture<Option<Vec<Waiting>>> {
        Box::pin(std::future::pending())
    }

    /// Messages in the order of their names, which is that of their arrival, behind `after`.
    fn list(&self, after: Option<TraceId>, max: usize) -> StoreFuture<Vec<Listed>>;

    /// One message.
    fn find(&self, id: TraceId) -> StoreFuture<Option<Listed>>;

    /// Holds jobs, or lets them go again. Those that are being delivered are held once they are not. Gives
    /// their destinations.
    fn hold(&self, jobs: Selection, held: bool) -> StoreFuture<Vec<Arc<str>>>;

    /// Makes jobs due at this time, if they would be later; held ones may stay as they are. Gives their
    /// destinations, also those of jobs that are due already.
    fn expedite(&self, jobs: Selection, due: SystemTime) -> StoreFuture<Vec<Arc<str>>>;

    /// Removes a message without a word to anybody; `false` if it is not there or being delivered.
    fn remove(&self, id: TraceId) -> StoreFuture<bool>;
}

/// A message to be kept.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The message.
    pub entry: Entry,
    /// Its recipients by destination; at least one job with at least one recipient.
    pub jobs: Vec<Job>,
}

/// That something waits for a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The destination.
    pub destination: Arc<str>,
    /// When the first job for it is due.
    pub due: SystemTime,
}

/// How much a store holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// The number of messages.
    pub messages: u64,
    /// The octets of their contents.
    pub octets: u64,
}

/// Which jobs to take.
#[derive(Debug, Clone)]
pub struct LeaseRequest {
    /// Of which sort.
    pub which: Which,
    /// What time it is.
    pub now: SystemTime,
    /// Until when the lease holds if it is not renewed.
    pub until: SystemTime,
    /// How many at most.
    pub max: usize,
}

/// The sort of jobs to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those that are due at this destination, by priority and then by turn.
    Due(Arc<str>),
    /// Those of whichever destination whose senders have to hear of them.
    Notices,
}

/// What was taken.
#[derive(Debug, Default)]
pub struct Leased {
    /// The jobs.
    pub jobs: Vec<LeasedJob>,
    /// When there is something to take next, as far as it is known: at once if there were more than were
    /// asked for. `None` if nothing waits.
    pub next: Option<SystemTime>,
}

/// A job that was taken.
#[derive(Debug)]
pub struct LeasedJob {
    /// Its message.
    pub entry: Arc<Entry>,
    /// The job.
    pub job: Job,
    /// The content, where it is at hand anyway.
    pub content: Option<Bytes>,
}

impl LeasedJob {
    /// The name of the job.
    pub fn key(&self) -> JobKey {
        JobKey { id: self.entry.id, number: self.job.number }
    }
}

/// What became of a job that was leased.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The job.
    pub key: JobKey,
    /// What is left of it; `None` if nothing is.
    pub rest: Option<Rest>,
}

/// What is left of a job.
#[derive(Debug, Clone)]
pub struct Rest {
    /// Who still waits, or has to be told of.
    pub recipients: Vec<Pending>,
    /// When it may be tried next.
    pub due: SystemTime,
    /// When the sender is to hear of it next.
    pub notice: SystemTime,
    /// How often it was tried.
    pub attempts: u32,
    /// When the sender was last told that it is late, if it was.
    pub told: Option<SystemTime>,
}

impl From<Job> for Rest {
    fn from(job: Job) -> Self {
        let Job { recipients, due, notice, attempts, told, .. } = job;
        Self { recipients, due, notice, attempts, told }
    }
}

/// Which jobs an operator means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All.
    All,
    /// Those of a message.
    Message(TraceId),
    /// Those for a destination.
    Destination(Arc<str>),
}

/// A message as an operator sees it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The message.
    pub entry: Arc<Entry>,
    /// The octets of its content.
    pub octets: u64,
    /// Its jobs.
    pub jobs: Vec<ListedJob>,
}

/// A job as an operator sees it.
#[derive(Debug, Clone)]
pub struct ListedJob {
    /// The job.
    pub job: Job,
    /// An operator holds it.
    pub held: bool,
    /// It is being delivered.
    pub leased: bool,
}

/// Why a store could not do what it should.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// The message was not received whole; nothing is kept.
    Body(BodyError),
    /// The disk.
    Io(io::Error),
    /// What is stored cannot be understood, or the database fails.
    Other(BoxError),
    /// No wait mends it: the store was closed, is damaged, or is none of this program's.
    Final(BoxError),
}

impl StoreError {
    /// Anything else.
    pub fn other(error: impl Into<BoxError>) -> Self {
        Self::Other(error.into())
    }

    /// Whether it is of no use to try again.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Final(_))
    }

    /// There is a message of this name already.
    pub(crate) fn taken(id: TraceId) -> Self {
        Self::other(format!("{id} is there already"))
    }

    /// There is no message of this name.
    pub(crate) fn unknown(id: TraceId) -> Self {
        Self::other(format!("{id} is not there"))
    }

    /// What the client is told; the facts are for the log.
    pub fn reply(&self) -> Reply {
        match self {
            Self::Body(error) => error.reply(),
            Self::Io(error) => storage::reply(error),
            Self::Other(_) | Self::Final(_) => Reply::new(451, "4.3.0 local storage error, try again later"),
        }
    }
}

impl From<BodyError> for StoreError {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(error) => error.fmt(f),
            Self::Io(error) => write!(f, "queue storage: {error}"),
            Self::Other(error) | Self::Final(error) => write!(f, "queue storage: {error}"),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Body(error) => Some(error),
            Self::Io(error) => Some(error),
            Self::Other(error) | Self::Final(error) => Some(&**error),
        }
    }
}
