//! A disk that is full: a small file system, mounted for the test.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use smtp_core::testing::RecordingDelivery;
use smtp_core::{Message, Reply};
use smtp_delivery::queue::{Queue, SqliteOptions, SqliteStore, Store as _};
use tempfile::TempDir;
use tower::{ServiceExt as _, service_fn};

use crate::messages::{arriving, body, id, message, whole};

/// A file system of a few MiB.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(mebibytes: u32) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"])
            .arg(directory.path())
            .status();
        assert!(mount.unwrap().success(), "root mounts a small file system");
        Self(directory)
    }

    fn queue(&self) -> PathBuf {
        self.0.path().join("queue")
    }

    /// Takes all room that is left.
    fn fill(&self) -> PathBuf {
        let path = self.0.path().join("filler");
        let mut file = File::create(&path).unwrap();
        for size in [1 << 16, 1 << 10, 1] {
            let full = loop {
                if let Err(error) = file.write_all(&vec![1; size]) {
                    break error;
                }
            };
            assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        }
        path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

async fn open(directory: &Path) -> SqliteStore {
    open_with(directory, 1 << 20).await
}

async fn open_with(directory: &Path, reserve: u64) -> SqliteStore {
    SqliteStore::open(directory, SqliteOptions::default().reserve(reserve)).await.unwrap()
}

async fn put(queue: &Queue, number: u64) -> Reply {
    queue.clone().oneshot(arriving(number)).await.unwrap().fold()
}

/// Takes messages until there is no room; gives those that were taken.
async fn put_until_full(queue: &Queue, first: u64) -> BTreeSet<u64> {
    let mut taken = BTreeSet::new();
    for number in first.. {
        let reply = put(queue, number).await;
        if reply.code() != 250 {
            assert!(reply.to_string().starts_with("452 4.3.1 "), "{reply}");
            break;
        }
        taken.insert(number);
    }
    taken
}

fn delivered(delivery: &RecordingDelivery) -> BTreeSet<u64> {
    delivery.messages().iter().map(|message| whole(&message.content).unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_delivers() {
    let disk = SmallDisk::mount(8);
    let delivery = RecordingDelivery::new();
    let (queue, worker) = Queue::new(open(&disk.queue()).await, delivery.clone());
    let taken = put_until_full(&queue, 1).await;
    assert!(taken.len() > 20, "{}", taken.len());
    assert_eq!(queue.handle().usage().messages, taken.len() as u64);
    // Nothing is left of those that were refused, and somebody else takes the rest.
    let files = fs::read_dir(disk.queue().join("content")).unwrap().count();
    assert_eq!(files, taken.iter().filter(|number| number.is_multiple_of(7)).count());
    let filler = disk.fill();
    assert_eq!(put(&queue, 8).await.code(), 452);

    let handle = queue.handle();
    worker.run_until(async move { handle.drained().await }).await.unwrap();
    assert_eq!(delivered(&delivery), taken);
    assert_eq!(delivery.messages().len(), taken.len());
    assert_eq!(fs::read_dir(disk.queue().join("content")).unwrap().count(), 0);

    fs::remove_file(filler).unwrap();
    while put(&queue, 9).await.code() == 452 {}
    assert_eq!(put(&queue, 14).await.code(), 250);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_lets_senders_hear_of_failure() {
    let disk = SmallDisk::mount(12);
    let delivery = RecordingDelivery::new();
    let kept = delivery.clone();
    let refusing = service_fn(move |message: Message| {
        let kept = kept.clone();
        async move {
            match message.envelope.sender.path.is_null() {
                true => kept.oneshot(message).await,
                false => Ok(Reply::new(550, "5.1.1 nobody").into()),
            }
        }
    });
    let (queue, worker) = Queue::new(open_with(&disk.queue(), 8 << 20).await, refusing);
    let taken = put_until_full(&queue, 1).await;
    let filler = disk.fill();
    assert_eq!(put(&queue, 8).await.code(), 452);

    let handle = queue.handle();
    worker.run_until(async move { handle.drained().await }).await.unwrap();
    let notices = delivery.messages();
    assert_eq!(notices.len(), taken.len());
    assert!(notices.iter().all(|notice| notice.envelope.recipients[0].to_string() == "<joe@example.org>"));
    assert!(filler.exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_does_not_keep_a_queue_from_starting() {
    let disk = SmallDisk::mount(8);
    let store = open(&disk.queue()).await;
    let numbers = 1..40;
    for number in numbers.clone() {
        store.insert(message(number), body(number)).await.unwrap();
    }
    store.close().await;
    let filler = disk.fill();

    let delivery = RecordingDelivery::new();
    let (queue, worker) = Queue::new(open(&disk.queue()).await, delivery.clone());
    assert_eq!(put(&queue, 1000).await.code(), 452);
    let handle = queue.handle();
    worker.run_until(async move { handle.drained().await }).await.unwrap();
    assert_eq!(delivered(&delivery), numbers.collect());
    assert!(filler.exists());
}

#[tokio::test]
async fn a_full_disk_lets_operators_work() {
    let disk = SmallDisk::mount(8);
    let store = open(&disk.queue()).await;
    for number in 1..40 {
        store.insert(message(number), body(number)).await.unwrap();
    }
    disk.fill();
    assert!(store.insert(message(50), body(50)).await.unwrap_err().to_string().contains("full"));
    assert_eq!(store.list(None, 100).await.unwrap().len(), 39);
    for number in 1..40 {
        assert!(store.remove(id(number)).await.unwrap());
    }
    assert_eq!(store.usage().messages, 0);
}
