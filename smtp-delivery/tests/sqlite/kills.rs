//! Processes that are killed at any moment under load. `QUEUE_KILLS` says how often; 20 without it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use smtp_core::{BodyError, Message, Reply};
use smtp_delivery::TraceId;
use smtp_delivery::queue::{Queue, SqliteOptions, SqliteStore, Store as _};
use tower::{ServiceExt as _, service_fn};

use crate::messages::{arriving, body, id, message, number, read, whole};

/// How many tasks store messages at the same time.
const TASKS: u64 = 8;
/// How far apart the numbers of two processes begin.
const APART: u64 = 1_000_000;

fn rounds() -> u64 {
    std::env::var("QUEUE_KILLS").map_or(20, |rounds| rounds.parse().unwrap())
}

async fn open(directory: &Path) -> SqliteStore {
    // A small batch: more commits in which to die.
    let options = SqliteOptions::default().reserve(1 << 20).batch(5);
    SqliteStore::open(directory, options).await.unwrap()
}

fn say(word: &str, what: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{word} {what}").unwrap();
    out.flush().unwrap();
}

/// The process that is killed: this program once more, in the part of a test.
fn child(test: &str, directory: &Path, first: u64) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env("QUEUE_DIRECTORY", directory)
        .env("QUEUE_FIRST", first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn of_the_parent() -> (std::path::PathBuf, u64) {
    let variable = |name| std::env::var(name).unwrap();
    (variable("QUEUE_DIRECTORY").into(), variable("QUEUE_FIRST").parse().unwrap())
}

/// Kills the process behind so many lines that begin with this word, and gives all lines that it wrote.
fn kill_behind(mut child: Child, lines: usize, word: &str) -> Vec<String> {
    let mut out = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut all = Vec::new();
    let mut seen = 0;
    while seen < lines {
        let line = out.next().expect("the process works until it is killed");
        seen += usize::from(line.starts_with(word));
        all.push(line);
    }
    child.kill().unwrap();
    all.extend(out);
    child.wait().unwrap();
    all
}

/// What stands behind the word in lines that are whole.
fn said<'a>(lines: &'a [String], word: &'a str) -> impl Iterator<Item = &'a str> {
    lines.iter().filter_map(move |line| line.strip_prefix(word)?.strip_prefix(' ')?.strip_suffix('.'))
}

#[ignore = "this is what `acknowledged_messages_survive` kills"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storing() {
    let (directory, first) = of_the_parent();
    let store = open(&directory).await;
    let tasks = (0..TASKS).map(|task| {
        let store = store.clone();
        tokio::spawn(async move {
            for step in 0.. {
                let number = first + step * TASKS + task;
                store.insert(message(number), body(number)).await.unwrap();
                say("stored", format_args!("{number}."));
            }
        })
    });
    futures::future::join_all(tasks.collect::<Vec<_>>()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_messages_survive() {
    let directory = tempfile::tempdir().unwrap();
    let mut killed_within = 0;
    for round in 0..rounds() {
        let child = child("kills::storing", directory.path(), round * APART);
        let lines = kill_behind(child, rand::random_range(0..150), "stored");
        let stored: BTreeSet<u64> = said(&lines, "stored").map(|number| number.parse().unwrap()).collect();
        let found_before = fs::read_dir(directory.path().join("content")).map_or(0, Iterator::count);

        let store = open(directory.path()).await;
        let listed = store.list(None, usize::MAX).await.unwrap();
        let mut files = 0;
        for listed in &listed {
            assert_eq!(listed.jobs.len(), 2);
            let octets = read(store.content(listed.entry.id).await.unwrap()).await;
            assert_eq!(whole(&octets), Some(number(listed.entry.id)), "{} octets", octets.len());
            assert_eq!(listed.octets, octets.len() as u64);
            files += usize::from(octets.len() > 64 << 10);
        }
        let there: BTreeSet<u64> = listed.iter().map(|listed| number(listed.entry.id)).collect();
        assert!(stored.is_subset(&there), "lost: {:?}", stored.difference(&there).collect::<Vec<_>>());
        let usage = store.usage();
        assert_eq!(usage.messages, there.len() as u64);
        assert_eq!(usage.octets, listed.iter().map(|listed| listed.octets).sum::<u64>());
        assert_eq!(fs::read_dir(directory.path().join("content")).unwrap().count(), files);
        killed_within += usize::from(found_before > files || there.len() > stored.len());
        for number in there {
            assert!(store.remove(id(number)).await.unwrap());
        }
        assert_eq!(fs::read_dir(directory.path().join("content")).unwrap().count(), 0);
        store.close().await;
    }
    println!("{killed_within} of {} were killed between a message and its answer", rounds());
}

#[ignore = "this is what `everything_is_delivered` kills"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queueing() {
    let (directory, first) = of_the_parent();
    let store = open(&directory).await;
    let (queue, worker) = Queue::new(store, service_fn(deliver));
    let tasks = (0..TASKS).map(|task| {
        let queue = queue.clone();
        tokio::spawn(async move {
            for step in 0.. {
                let reply =
                    queue.clone().oneshot(arriving(first + step * TASKS + task)).await.unwrap().fold();
                let id = reply.text().strip_prefix("queued as ").unwrap().to_owned();
                say("queued", format_args!("{id}."));
            }
        })
    });
    let tasks = futures::future::join_all(tasks.collect::<Vec<_>>());
    tokio::join!(worker.run(), tasks).0.unwrap();
}

/// Says what it was given, and takes it.
async fn deliver(message: Message) -> Result<smtp_core::Outcomes, BodyError> {
    let octets = read(message.body).await;
    match (whole(&octets), message.session.transaction().get::<TraceId>()) {
        (Some(_), Some(id)) => say("delivered", format_args!("{id}.")),
        (_, id) => say("broken", format_args!("{id:?}.")),
    }
    Ok(Reply::new(250, "2.0.0 ok").into())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_delivered() {
    let directory = tempfile::tempdir().unwrap();
    let mut queued = BTreeSet::new();
    let mut delivered = BTreeMap::<String, usize>::new();
    for round in 0..rounds() {
        let child = child("kills::queueing", directory.path(), round * APART);
        let lines = kill_behind(child, rand::random_range(0..150), "delivered");
        assert_eq!(said(&lines, "broken").next(), None);
        queued.extend(said(&lines, "queued").map(str::to_owned));
        said(&lines, "delivered").for_each(|id| *delivered.entry(id.to_owned()).or_default() += 1);
    }
    let store = open(directory.path()).await;
    let left = store.usage().messages;
    let rest = smtp_core::testing::RecordingDelivery::new();
    let (queue, worker) = Queue::new(store.clone(), rest.clone());
    let handle = queue.handle();
    worker.run_until(async move { handle.drained().await }).await.unwrap();
    for message in rest.messages() {
        assert!(whole(&message.content).is_some());
        let id = message.session.transaction().get::<TraceId>().unwrap();
        *delivered.entry(id.to_string()).or_default() += 1;
    }
    assert_eq!(fs::read_dir(directory.path().join("content")).unwrap().count(), 0);
    let lost: Vec<_> = queued.iter().filter(|id| !delivered.contains_key(*id)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    let twice = delivered.values().filter(|count| **count > 1).count();
    println!(
        "{} messages, {left} of them at the end; {twice} were delivered more than once",
        delivered.len()
    );
    // Each kill may repeat what was under way, no more: destinations begin with 5 deliveries at once, and
    // have 20 at most.
    assert!(twice as u64 <= 20 * rounds(), "{twice}");
}
