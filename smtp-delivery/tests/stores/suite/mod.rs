//! Tests over any store.
//!
//! A kind of store has a file with a [`Place`] and `stores!(async { .. })`, which makes a place that is
//! empty; each test becomes one of that file. `follows_the_model!(cases, async { .. })` is one more, of
//! random steps, and `keeps_its_promises!` one of whole queues.

pub(crate) mod keeping;
pub(crate) mod leasing;
pub(crate) mod model;
pub(crate) mod operating;
pub(crate) mod queue;
pub(crate) mod settling;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::{Bytes, BytesMut};
use smtp_core::testing::{facts, recipient, sender};
use smtp_core::{Body, Route};
use smtp_delivery::TraceId;
use smtp_delivery::bounce::Written;
use smtp_delivery::queue::store::{LeaseRequest, Leased, NewMessage, Rest, Settlement, Which};
use smtp_delivery::queue::{Entry, Job, JobKey, Origin, Store};

/// Where the messages of a store are while no process uses it.
pub(crate) trait Place: Send + Sync + 'static {
    /// Cheap to clone.
    type Store: Store + Clone;

    /// As a process that starts.
    async fn open(&self) -> Self::Store;

    /// As a process that ends.
    async fn close(&self, store: Self::Store);

    /// As a process that ends without a chance to do anything more.
    async fn crash(&self, store: Self::Store) {
        self.close(store).await;
    }
}

/// Makes a test of each function of the suite, over the place that the expression makes.
macro_rules! stores {
    ($place:expr) => {
        $crate::suite::tests! { $place;
            keeping: keeps_all_of_a_message, keeps_content_of_any_size, gives_content_to_several_readers,
                keeps_nothing_of_a_message_that_ends_early, keeps_nothing_of_a_message_that_is_given_up,
                keeps_unusual_messages, refuses_a_name_that_is_taken, takes_many_at_once,
                refuses_among_many_what_it_has_to, keeps_everything_when_closed;
            leasing: leases_by_priority_and_turn, leases_what_is_due, leases_from_one_destination,
                leases_nothing_twice, leases_nothing_twice_at_the_same_time, leases_again_when_released,
                leases_what_senders_have_to_hear_of, leases_of_many, knows_its_destinations;
            settling: settles_a_part, settles_each_job_of_a_message, settles_what_is_not_there,
                settles_many_at_once;
            operating: holds_messages, holds_destinations, holds_what_is_being_delivered,
                expedites_what_waits, removes_messages, lists_page_by_page;
            queue: tells_of_aliases_behind_a_crash;
        }
    };
}

macro_rules! tests {
    ($place:expr; $($module:ident: $($test:ident),+;)+) => {$($(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            let place = $place.await;
            $crate::suite::$module::$test(&place).await;
        }
    )+)+};
}

/// Makes a test of so many random sequences of steps.
macro_rules! follows_the_model {
    ($cases:literal, $place:expr) => {
        proptest::proptest! {
            #![proptest_config(proptest::test_runner::Config::with_cases($cases))]
            #[test]
            fn follows_the_model(steps in $crate::suite::model::steps()) {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                runtime.block_on(async {
                    let place = $place.await;
                    $crate::suite::model::follow(&place, steps).await;
                });
            }
        }
    };
}

/// Makes a test of so many random lives of a queue.
macro_rules! keeps_its_promises {
    ($cases:literal, $place:expr) => {
        proptest::proptest! {
            #![proptest_config(proptest::test_runner::Config::with_cases($cases))]
            #[test]
            fn keeps_its_promises(plan in $crate::suite::queue::plans()) {
                let mut runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = runtime.enable_time().start_paused(true).build().unwrap();
                runtime.block_on(async {
                    let place = $place.await;
                    $crate::suite::queue::live(&place, plan).await;
                });
            }
        }
    };
}

pub(crate) use {follows_the_model, keeps_its_promises, stores, tests};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// So many seconds behind a time that all tests have in common.
pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(1_790_000_000_123_456) + Duration::from_secs(seconds)
}

pub(crate) fn id(number: u32) -> TraceId {
    format!("{number:018}").parse().unwrap()
}

pub(crate) fn key(id: TraceId, number: u32) -> JobKey {
    JobKey { id, number }
}

pub(crate) fn entry(number: u32) -> Entry {
    let mut origin = Origin::of(facts().session());
    origin.account = Some("joe".to_owned());
    Entry {
        id: id(number),
        sender: sender("joe@example.org"),
        origin,
        arrival: at(0),
        release: at(0),
        expires: at(1000),
        priority: 0,
        written: Written::ByOthers,
    }
}

/// A job that is due on arrival.
pub(crate) fn job(number: u32, destination: &str) -> Job {
    Job {
        number,
        destination: destination.into(),
        recipients: vec![recipient(&format!("r{number}@example.net")).routed(Route::Relay).into()],
        due: at(0),
        notice: at(500),
        turn: 0,
        attempts: 0,
        told: None,
    }
}

/// A message with a job for each of these destinations.
pub(crate) fn message(number: u32, destinations: &[&str]) -> NewMessage {
    let jobs = (0..).zip(destinations).map(|(number, destination)| job(number, destination));
    NewMessage { entry: entry(number), jobs: jobs.collect() }
}

/// Keeps a message of a line.
pub(crate) async fn insert(store: &impl Store, message: NewMessage) {
    let content = format!("content of {}\r\n", message.entry.id);
    let octets = content.len() as u64;
    assert_eq!(store.insert(message, content.into_bytes().into()).await.unwrap(), octets);
}

pub(crate) async fn lease(store: &impl Store, which: Which, seconds: u64, max: usize) -> Leased {
    let now = at(seconds);
    store.lease(LeaseRequest { which, now, until: now + 100 * SECOND, max }).await.unwrap()
}

pub(crate) async fn lease_due(store: &impl Store, destination: &str, seconds: u64, max: usize) -> Leased {
    lease(store, Which::Due(destination.into()), seconds, max).await
}

pub(crate) fn keys(leased: &Leased) -> Vec<JobKey> {
    leased.jobs.iter().map(|leased| leased.key()).collect()
}

pub(crate) fn ids(leased: &Leased) -> Vec<TraceId> {
    leased.jobs.iter().map(|leased| leased.entry.id).collect()
}

/// What is left of a job that waits on.
pub(crate) fn rest(job: Job, due: SystemTime) -> Rest {
    Rest { due, attempts: job.attempts + 1, ..Rest::from(job) }
}

pub(crate) async fn settle(store: &impl Store, key: JobKey, rest: Option<Rest>) {
    store.settle(Settlement { key, rest }).await.unwrap();
}

pub(crate) async fn read(mut body: Body) -> Bytes {
    let mut octets = BytesMut::new();
    while let Some(chunk) = body.next().await {
        octets.extend_from_slice(&chunk.unwrap());
    }
    octets.freeze()
}

pub(crate) fn names(destinations: &[Arc<str>]) -> Vec<String> {
    let mut names: Vec<String> = destinations.iter().map(|name| (**name).to_owned()).collect();
    names.sort_unstable();
    names
}
