//! Random sequences of what a queue does with a store, beside a model that is too simple to be wrong.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use proptest::sample::Index;
use smtp_delivery::queue::store::{Leased, NewMessage, Rest, Selection, Which};
use smtp_delivery::queue::{JobKey, Store as _};

use super::{Place, at, entry, id, job, key, keys, lease, read, settle};

const DESTINATIONS: [&str; 3] = ["x.example", "y.example", "z.example"];

#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Priority, size, and for each job destination, seconds until it is due and until it is noticed, turn.
    Insert(i8, usize, Vec<(usize, u64, u64, i64)>),
    Lease(usize, usize),
    Notices(usize),
    Succeed(Index),
    /// With the seconds until it is tried again.
    Fail(Index, u64),
    Hold(Target, bool),
    Expedite(Target),
    Remove(Index),
    Pass(u64),
    /// The process dies, and another one starts.
    Crash,
}

#[derive(Debug, Clone)]
pub(crate) enum Target {
    All,
    Message(Index),
    Destination(usize),
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    let destination = 0..DESTINATIONS.len();
    let job = (destination.clone(), prop_oneof![Just(0), 1..100_u64], 50..500_u64, 0..4_i64);
    let target = prop_oneof![
        Just(Target::All),
        any::<Index>().prop_map(Target::Message),
        destination.clone().prop_map(Target::Destination),
    ];
    let size = prop_oneof![4 => 0..2000_usize, 1 => 65_530..65_545_usize, 1 => 100_000..300_000_usize];
    let step = prop_oneof![
        6 => (-1..=1_i8, size, prop::collection::vec(job, 1..4))
            .prop_map(|(priority, size, jobs)| Step::Insert(priority, size, jobs)),
        6 => (destination, 1..4_usize).prop_map(|(destination, max)| Step::Lease(destination, max)),
        2 => (1..4_usize).prop_map(Step::Notices),
        4 => any::<Index>().prop_map(Step::Succeed),
        4 => (any::<Index>(), 0..60_u64).prop_map(|(which, later)| Step::Fail(which, later)),
        1 => (target.clone(), any::<bool>()).prop_map(|(target, held)| Step::Hold(target, held)),
        1 => target.prop_map(Step::Expedite),
        1 => any::<Index>().prop_map(Step::Remove),
        3 => (1..200_u64).prop_map(Step::Pass),
        1 => Just(Step::Crash),
    ];
    prop::collection::vec(step, 1..60)
}

#[derive(Debug, Clone)]
struct ModelJob {
    destination: &'static str,
    priority: i8,
    turn: i64,
    due: SystemTime,
    notice: SystemTime,
    attempts: u32,
    held: bool,
    leased: bool,
}

#[derive(Default)]
struct Model {
    now: u64,
    sizes: Vec<usize>,
    jobs: BTreeMap<JobKey, ModelJob>,
}

/// Does all steps, and then delivers what is left.
pub(crate) async fn follow<P: Place>(place: &P, steps: Vec<Step>) {
    let mut store = place.open().await;
    let mut model = Model::default();
    for step in steps {
        if let Step::Crash = step {
            place.crash(store).await;
            store = place.open().await;
            model.jobs.values_mut().for_each(|job| job.leased = false);
        } else {
            model.step(&store, step).await;
        }
        model.compare(&store).await;
    }
    model.step(&store, Step::Hold(Target::All, false)).await;
    store.release_all().await.unwrap();
    model.jobs.values_mut().for_each(|job| job.leased = false);
    model.now += 10_000;
    for destination in 0..DESTINATIONS.len() {
        model.step(&store, Step::Lease(destination, 1000)).await;
    }
    assert!(model.jobs.values().all(|job| job.leased));
    for key in model.jobs.keys() {
        settle(&store, *key, None).await;
    }
    model.jobs.clear();
    model.compare(&store).await;
    place.close(store).await;
}

impl Model {
    async fn step<S: super::Store>(&mut self, store: &S, step: Step) {
        match step {
            Step::Insert(priority, size, jobs) => self.insert(store, priority, size, jobs).await,
            Step::Lease(destination, max) => {
                let which = Which::Due(DESTINATIONS[destination].into());
                self.lease(store, which, max, |job| job.due, Some(DESTINATIONS[destination])).await;
            }
            Step::Notices(max) => self.lease(store, Which::Notices, max, |job| job.notice, None).await,
            Step::Succeed(which) => {
                let Some(key) = self.any(which, |job| job.leased) else { return };
                settle(store, key, None).await;
                self.jobs.remove(&key);
            }
            Step::Fail(which, later) => {
                let Some(key) = self.any(which, |job| job.leased) else { return };
                let job = self.jobs.get_mut(&key).unwrap();
                job.leased = false;
                job.attempts += 1;
                job.due = at(self.now + later);
                job.notice += Duration::from_secs(100);
                let recipients = super::job(key.number, "").recipients;
                let (due, notice, attempts) = (job.due, job.notice, job.attempts);
                settle(store, key, Some(Rest { recipients, due, notice, attempts, told: None })).await;
            }
            Step::Hold(target, held) => {
                let Some(selection) = self.selection(&target) else { return };
                store.hold(selection.clone(), held).await.unwrap();
                self.selected(&selection).for_each(|job| job.held = held);
            }
            Step::Expedite(target) => {
                let Some(selection) = self.selection(&target) else { return };
                let now = at(self.now);
                store.expedite(selection.clone(), now).await.unwrap();
                // Of those that are held nothing is promised.
                store.hold(selection.clone(), false).await.unwrap();
                self.selected(&selection).for_each(|job| job.held = false);
                store.expedite(selection.clone(), now).await.unwrap();
                self.selected(&selection).for_each(|job| job.due = job.due.min(now));
            }
            Step::Remove(which) => {
                let Some(JobKey { id, .. }) = self.any(which, |_| true) else { return };
                let leased = self.jobs.iter().any(|(key, job)| key.id == id && job.leased);
                assert_eq!(store.remove(id).await.unwrap(), !leased);
                self.jobs.retain(|key, _| key.id != id || leased);
            }
            Step::Pass(seconds) => self.now += seconds,
            Step::Crash => {}
        }
    }

    async fn insert<S: super::Store>(
        &mut self,
        store: &S,
        priority: i8,
        size: usize,
        jobs: Vec<(usize, u64, u64, i64)>,
    ) {
        let message = u32::try_from(self.sizes.len()).unwrap();
        self.sizes.push(size);
        let mut new = NewMessage { entry: entry(message), jobs: Vec::new() };
        new.entry.priority = priority;
        new.entry.arrival = at(self.now);
        for (number, (destination, due, notice, turn)) in (0..).zip(jobs) {
            let destination = DESTINATIONS[destination];
            let (due, notice) = (at(self.now + due), at(self.now + notice));
            new.jobs.push(super::Job { due, notice, turn, ..job(number, destination) });
            let job = ModelJob {
                destination,
                priority,
                turn,
                due,
                notice,
                attempts: 0,
                held: false,
                leased: false,
            };
            self.jobs.insert(key(id(message), number), job);
        }
        let octets = store.insert(new, content(message, size).into()).await.unwrap();
        assert_eq!(octets, size as u64);
    }

    async fn lease<S: super::Store>(
        &mut self,
        store: &S,
        which: Which,
        max: usize,
        time: fn(&ModelJob) -> SystemTime,
        destination: Option<&str>,
    ) {
        let leased = lease(store, which, self.now, max).await;
        self.check_contents(store, &leased).await;
        let now = at(self.now);
        let free = self.jobs.iter().filter(|(_, job)| {
            !job.held && !job.leased && destination.is_none_or(|destination| destination == job.destination)
        });
        let (mut ready, later): (Vec<_>, Vec<_>) = free.partition(|(_, job)| time(job) <= now);
        let count = ready.len().min(max);
        assert_eq!(leased.jobs.len(), count);
        let place = |job: &ModelJob| (-job.priority, job.turn);
        ready.sort_by_key(|(_, job)| place(job));
        // Those with the same place are in any order; and notices have none.
        if destination.is_some() {
            let places: Vec<_> = ready.iter().take(count).map(|(_, job)| place(job)).collect();
            assert_eq!(keys(&leased).iter().map(|key| place(&self.jobs[key])).collect::<Vec<_>>(), places);
        }
        if ready.len() > count {
            assert!(leased.next.unwrap() <= now, "{:?}", leased.next);
        } else {
            assert_eq!(leased.next, later.iter().map(|(_, job)| time(job)).min());
        }
        let ready: Vec<JobKey> = ready.into_iter().map(|(key, _)| *key).collect();
        for leased in leased.jobs {
            let key = leased.key();
            assert!(ready.contains(&key), "{key:?}");
            let job = self.jobs.get_mut(&key).unwrap();
            assert_eq!((job.due, job.attempts), (leased.job.due, leased.job.attempts));
            assert!(!std::mem::replace(&mut job.leased, true));
        }
    }

    async fn check_contents<S: super::Store>(&self, store: &S, leased: &Leased) {
        for leased in &leased.jobs {
            let message: u32 = leased.entry.id.as_str().parse().unwrap();
            let expected = content(message, self.sizes[message as usize]);
            let octets = match &leased.content {
                Some(octets) => octets.clone(),
                None => read(store.content(leased.entry.id).await.unwrap()).await,
            };
            assert!(octets == expected, "{} octets of {}", octets.len(), expected.len());
        }
    }

    /// Everything is there, in the state that it should have.
    async fn compare<S: super::Store>(&self, store: &S) {
        let listed = store.list(None, usize::MAX).await.unwrap();
        let mut count = 0;
        let mut octets = 0;
        for message in &listed {
            octets += message.octets;
            for listed in &message.jobs {
                count += 1;
                let job = &self.jobs[&key(message.entry.id, listed.job.number)];
                assert_eq!(
                    (listed.held, listed.leased, listed.job.attempts, listed.job.notice),
                    (job.held, job.leased, job.attempts, job.notice)
                );
            }
        }
        assert_eq!(count, self.jobs.len());
        let usage = store.usage();
        assert_eq!((usage.messages, usage.octets), (listed.len() as u64, octets));
    }

    fn any(&self, which: Index, found: impl Fn(&ModelJob) -> bool) -> Option<JobKey> {
        let all: Vec<JobKey> = self.jobs.iter().filter(|(_, job)| found(job)).map(|(key, _)| *key).collect();
        (!all.is_empty()).then(|| *which.get(&all))
    }

    fn selection(&self, target: &Target) -> Option<Selection> {
        Some(match target {
            Target::All => Selection::All,
            Target::Message(which) => Selection::Message(self.any(*which, |_| true)?.id),
            Target::Destination(destination) => Selection::Destination(DESTINATIONS[*destination].into()),
        })
    }

    fn selected(&mut self, selection: &Selection) -> impl Iterator<Item = &mut ModelJob> {
        self.jobs.iter_mut().filter_map(move |(key, job)| {
            let selected = match selection {
                Selection::All => true,
                Selection::Message(id) => *id == key.id,
                Selection::Destination(destination) => **destination == *job.destination,
            };
            selected.then_some(job)
        })
    }
}

fn content(message: u32, size: usize) -> Vec<u8> {
    let mut octets = format!("{message} has {size}; ").repeat(size / 8 + 1).into_bytes();
    octets.truncate(size);
    octets
}
