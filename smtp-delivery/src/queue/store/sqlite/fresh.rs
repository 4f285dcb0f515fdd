use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use rusqlite::Connection;

use super::StoreError;
use super::state::{JobRow, Leases};
use crate::queue::store::record::{read_time, write_time};
use crate::queue::{Entry, Job};

/// How many jobs are kept.
const JOBS: usize = 1000;
/// How many octets are kept with them of what a delivery needs; the rest is read again.
const OCTETS: usize = 4 << 20;
/// About as many of them are those of a recipient.
const RECIPIENT: usize = 1 << 10;
/// How long those that fill all the room stay until they are enlisted.
const STAY: Duration = Duration::from_secs(10);

/// The jobs that came a moment ago and were due at once.
///
/// Most of them are delivered before anything else happens. They are in the database like all others, in
/// state `new`, but in none of its indexes: this is their index, and has what a delivery needs, too. Those that
/// stay while others need their room are [enlisted](super::enlist::Enlist).
#[derive(Debug, Default)]
pub(super) struct Fresh(Mutex<Jobs>);

#[derive(Debug, Default)]
struct Jobs {
    jobs: BTreeMap<JobRow, NewJob>,
    lines: HashMap<Arc<str>, BTreeSet<Place>>,
    octets: usize,
    enlisted: Option<Instant>,
}

#[derive(Debug)]
struct NewJob {
    destination: Arc<str>,
    place: Place,
    notice: i64,
    /// It is read from the database if it is not here.
    known: Option<Known>,
}

/// What a delivery needs to know.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) entry: Arc<Entry>,
    pub(super) job: Job,
    /// Unless it has a file.
    pub(super) content: Option<Bytes>,
}

impl Known {
    fn octets(&self) -> usize {
        self.content.as_ref().map_or(0, Bytes::len) + self.job.recipients.len() * RECIPIENT
    }
}

/// Where a job stands among those that are due at its destination: the smallest is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) priority: Reverse<i8>,
    pub(super) turn: i64,
    pub(super) due: i64,
    pub(super) job: JobRow,
}

impl Fresh {
    /// Those of a process before.
    pub(super) fn read(connection: &Connection) -> Result<Self, StoreError> {
        let mut statement = connection.prepare(
            "SELECT message, number, priority, turn, due, destination, notice FROM job WHERE state = 'new'",
        )?;
        let mut rows = statement.query([])?;
        let mut all = Jobs::default();
        while let Some(row) = rows.next()? {
            let job = (row.get(0)?, row.get(1)?);
            let place = Place { priority: Reverse(row.get(2)?), turn: row.get(3)?, due: row.get(4)?, job };
            all.add(NewJob { destination: row.get(5)?, place, notice: row.get(6)?, known: None });
        }
        Ok(Self(Mutex::new(all)))
    }

    fn lock(&self) -> MutexGuard<'_, Jobs> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn has_room(&self) -> bool {
        self.lock().jobs.len() < JOBS
    }

    /// Whether it is time to make room.
    pub(super) fn is_stale(&self) -> bool {
        let jobs = self.lock();
        jobs.jobs.len() >= JOBS && jobs.enlisted.is_none_or(|at| at.elapsed() >= STAY)
    }

    pub(super) fn add(&self, message: i64, known: Known) {
        let Known { entry, job, .. } = &known;
        let place = Place {
            priority: Reverse(entry.priority),
            turn: job.turn,
            due: write_time(job.due),
            job: (message, job.number),
        };
        let (destination, notice) = (job.destination.clone(), write_time(job.notice));
        self.lock().add(NewJob { destination, place, notice, known: Some(known) });
    }

    /// It is not in state `new` any more.
    pub(super) fn remove(&self, job: JobRow) {
        self.lock().remove(job);
    }

    /// All of them, to be enlisted; if that fails, it is not time for it again at once.
    pub(super) fn enlist(&self) -> Vec<JobRow> {
        let mut all = self.lock();
        all.enlisted = Some(Instant::now());
        all.jobs.keys().copied().collect()
    }

    /// The first in line for a destination, of those that nobody has.
    pub(super) fn first(&self, destination: &str, max: usize, leases: &Leases) -> Vec<Place> {
        let (jobs, leases) = (self.lock(), leases.lock());
        let line = jobs.lines.get(destination).into_iter().flatten();
        line.filter(|place| !leases.contains(&place.job)).take(max).copied().collect()
    }

    pub(super) fn known(&self, job: JobRow) -> Option<Known> {
        self.lock().jobs.get(&job)?.known.clone()
    }

    /// When the first sender has to hear of one that nobody has.
    pub(super) fn first_notice(&self, leases: &Leases) -> Option<i64> {
        let (jobs, leases) = (self.lock(), leases.lock());
        let free = jobs.jobs.iter().filter(|(job, _)| !leases.contains(job));
        free.map(|(_, job)| job.notice).min()
    }

    /// Where they go, with the first that is due there.
    pub(super) fn destinations(&self) -> HashMap<Arc<str>, SystemTime> {
        let jobs = self.lock();
        let first = |line: &BTreeSet<Place>| line.iter().map(|place| place.due).min().map(read_time);
        jobs.lines.iter().filter_map(|(name, line)| Some((name.clone(), first(line)?))).collect()
    }
}

impl Jobs {
    fn add(&mut self, mut job: NewJob) {
        let octets = job.known.as_ref().map_or(0, Known::octets);
        if self.octets + octets > OCTETS {
            job.known = None;
        } else {
            self.octets += octets;
        }
        self.lines.entry(job.destination.clone()).or_default().insert(job.place);
        self.jobs.insert(job.place.job, job);
    }

    fn remove(&mut self, job: JobRow) {
        let Some(NewJob { destination, place, known, .. }) = self.jobs.remove(&job) else { return };
        self.octets -= known.as_ref().map_or(0, Known::octets);
        if let Some(line) = self.lines.get_mut(&destination) {
            line.remove(&place);
            if line.is_empty() {
                self.lines.remove(&destination);
            }
        }
    }
}
