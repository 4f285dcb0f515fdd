//! A queue in front of a next hop that fails in each way there is: all that was acknowledged arrives
//! whole, and more than once only where the next hop did not say that it has it; senders hear of permanent
//! refusals once, and of nothing else.

mod fault;
mod hop;
mod run;

use proptest::collection::vec;
use proptest::prelude::*;
use smtp_server::delivery::queue::{MemoryStore, SqliteOptions, SqliteStore, Store};
use tokio::runtime::{Builder, Runtime};

use fault::Fault;
use hop::Hop;
use run::{Mail, Run};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime")
}

async fn sqlite(folder: &tempfile::TempDir) -> SqliteStore {
    let options = SqliteOptions::default().inline(1000).reserve(0);
    SqliteStore::open(folder.path(), options).await.expect("the folder is ours")
}

/// So many messages, each for several recipients, of which some are refused, and of some size.
fn mails(count: usize) -> Vec<Mail> {
    let mail = |number: usize| {
        let recipients: &[&str] = match number % 4 {
            0 => &["jane"],
            1 => &["jane", "jim", "jack"],
            2 => &["jane", "later", "no"],
            _ => &["later", "jane"],
        };
        Mail { recipients: recipients.to_vec(), octets: [100, 2000, 300_000][number % 3] }
    };
    (0..count).map(mail).collect()
}

async fn each_fault(store: impl Store, pooled: bool) {
    let faults = Fault::all();
    let mails = mails(faults.len());
    let mut hop = Hop::down(faults);
    hop.rise();
    let run = Run::start(store, &hop, pooled).await;
    run.send(&mails).await;
    run.drained().await;
    let mut left = std::mem::take(&mut hop.state().faults);
    // Only a connection that serves several messages is reset.
    left.retain(|fault| pooled || fault.step != fault::Step::Reset);
    assert!(left.is_empty(), "not reached: {left:?}");
    run.check(&hop, &mails).await;
}

#[tokio::test]
async fn each_fault_before_a_queue_in_memory() {
    each_fault(MemoryStore::new(), false).await;
}

#[tokio::test]
async fn each_fault_before_a_queue_in_memory_with_a_pool() {
    each_fault(MemoryStore::new(), true).await;
}

#[tokio::test]
async fn each_fault_before_a_queue_in_files() {
    let folder = tempfile::tempdir().expect("a folder");
    each_fault(sqlite(&folder).await, false).await;
}

#[tokio::test]
async fn each_fault_before_a_queue_in_files_with_a_pool() {
    let folder = tempfile::tempdir().expect("a folder");
    each_fault(sqlite(&folder).await, true).await;
}

#[tokio::test]
async fn a_next_hop_that_is_down_and_killed_in_the_middle() {
    for pooled in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let mails = mails(32);
        let mut hop = Hop::down(Vec::new());
        let mut run = Run::start(sqlite(&folder).await, &hop, pooled).await;
        run.send(&mails).await;
        run.attempts("4.4.1", 10).await;
        for _ in 0..4 {
            hop.rise();
            run.attempts("250", 6).await;
            hop.fall().await;
            run.attempts("4.4.1", 3).await;
        }
        hop.rise();
        run.drained().await;
        // What was killed behind the dot had no time to say so.
        for arrived in hop.state().arrived.values_mut() {
            arrived.unsaid = arrived.unsaid.max(4);
        }
        run.check(&hop, &mails).await;
    }
}

fn mail() -> impl Strategy<Value = Mail> {
    let names = ["jane", "jim", "jack", "later", "later2", "no", "no2"];
    let recipients = proptest::sample::subsequence(names.to_vec(), 1..=names.len());
    (recipients, 0_usize..20_000).prop_map(|(recipients, octets)| Mail { recipients, octets })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn any_faults_in_any_order(
        faults in vec(Fault::any(), 0..16),
        mails in vec(mail(), 1..12),
        pooled: bool,
        in_files: bool,
    ) {
        runtime().block_on(async {
            let mut hop = Hop::down(faults);
            hop.rise();
            let folder = tempfile::tempdir().expect("a folder");
            let run = if in_files {
                Run::start(sqlite(&folder).await, &hop, pooled).await
            } else {
                Run::start(MemoryStore::new(), &hop, pooled).await
            };
            run.send(&mails).await;
            run.drained().await;
            run.check(&hop, &mails).await;
        });
    }
}
