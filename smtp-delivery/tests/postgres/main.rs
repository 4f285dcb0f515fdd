//! Several nodes that share a queue in PostgreSQL.

// The tests have helpers, which the lint does not know for tests.
#![allow(clippy::unwrap_used)]

mod connecting;
mod killed;
mod ownership;
mod restarted;
mod together;
mod workers;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use smtp_core::testing::{facts, recipient, sender};
use smtp_core::{Body, Envelope, Message, Reply, Route};
use smtp_delivery::TraceId;
use smtp_delivery::bounce::Written;
use smtp_delivery::queue::store::postgres::{PostgresOptions, PostgresStore};
use smtp_delivery::queue::store::{LeaseRequest, Leased, NewMessage, Rest, Settlement, Which};
use smtp_delivery::queue::{Builder, Entry, Job, JobKey, Limits, Origin, Queue, Store as _};
use tower::ServiceExt as _;

use peers::Postgres;

/// How many deliveries at once any destination gets in these tests.
const AT_ONCE: usize = 2;
const HOUR: Duration = Duration::from_hours(1);

fn database() -> Postgres {
    Postgres::start().schema("smtp_queue")
}

/// A node that is believed to live as long as no test kills it.
async fn node(cluster: &Postgres) -> PostgresStore {
    PostgresStore::connect(cluster.address(), PostgresOptions::default().lease(HOUR)).await.unwrap()
}

fn id(number: u32) -> TraceId {
    format!("{number:018}").parse().unwrap()
}

/// Keeps a message for each of these destinations.
async fn insert(store: &PostgresStore, number: u32, destinations: &[&str]) {
    let now = SystemTime::now();
    let entry = Entry {
        id: id(number),
        sender: sender("joe@example.org"),
        origin: Origin::of(facts().session()),
        arrival: now,
        release: now,
        expires: now + HOUR,
        priority: 0,
        written: Written::ByOthers,
    };
    let jobs = (0..).zip(destinations).map(|(number, destination)| Job {
        number,
        destination: (*destination).into(),
        recipients: vec![recipient("jane@example.net").routed(Route::Relay).into()],
        due: now,
        notice: now + HOUR,
        turn: 0,
        attempts: 0,
        told: None,
    });
    store.insert(NewMessage { entry, jobs: jobs.collect() }, "\r\nhello\r\n".into()).await.unwrap();
}

async fn lease(store: &PostgresStore, destination: &str) -> Leased {
    lease_for(store, destination, HOUR).await
}

async fn lease_for(store: &PostgresStore, destination: &str, time: Duration) -> Leased {
    loop {
        let now = SystemTime::now();
        let which = Which::Due(destination.into());
        let leased = store.lease(LeaseRequest { which, now, until: now + time, max: 10 }).await.unwrap();
        // A destination that was being given up has something in a moment, and a worker asks again.
        let soon = now + Duration::from_millis(100);
        if !leased.jobs.is_empty() || leased.next.is_none_or(|next| next > soon) {
            return leased;
        }
    }
}

fn ids(leased: &Leased) -> Vec<TraceId> {
    leased.jobs.iter().map(|leased| leased.entry.id).collect()
}

async fn settle(store: &PostgresStore, number: u32, rest: Option<Rest>) {
    let key = JobKey { id: id(number), number: 0 };
    store.settle(Settlement { key, rest }).await.unwrap();
}

/// A queue in this store with the limits of these tests.
fn queue(store: &PostgresStore) -> Builder {
    let mut limits = Limits::default();
    (limits.destination, limits.initial) = (AT_ONCE, AT_ONCE);
    Queue::builder(store.clone()).limits(limits)
}

/// Puts a message into a queue; its name, if it is acknowledged.
async fn put(queue: &Queue, destination: &str, content: impl Into<Body>) -> Result<TraceId, Reply> {
    let mut envelope = Envelope::new(sender("joe@example.org"));
    envelope.recipients.push(recipient(&format!("jane@{destination}")).routed(Route::Relay));
    let message = Message::new(Arc::new(envelope), content.into(), facts().session().clone());
    let reply = queue.clone().oneshot(message).await.unwrap().fold();
    match reply.text().strip_prefix("queued as ") {
        Some(id) => Ok(id.parse().unwrap()),
        None => Err(reply),
    }
}
