//! Nodes with workers.

use std::collections::HashMap;
use std::sync::Arc;

use smtp_core::{BoxError, DeliveryService, Message, Reply};
use smtp_delivery::TraceId;
use smtp_delivery::queue::Queue;
use smtp_delivery::queue::store::postgres::PostgresStore;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::JoinHandle;
use tower::service_fn;

use crate::{AT_ONCE, database, node, put, queue};
use peers::Postgres;

/// The next hop of all nodes: what is delivered to it waits until the test lets it pass.
#[derive(Clone)]
struct NextHop {
    gate: Arc<Semaphore>,
    seen: watch::Sender<Seen>,
}

#[derive(Default)]
struct Seen {
    /// By destination: how many deliveries are under way.
    under_way: HashMap<String, usize>,
    most: usize,
    /// The node that delivered, by message.
    delivered: Vec<(TraceId, usize)>,
}

impl NextHop {
    fn new() -> Self {
        Self { gate: Arc::new(Semaphore::new(0)), seen: watch::Sender::new(Seen::default()) }
    }

    fn of(&self, node: usize) -> impl DeliveryService<Error = BoxError> + Clone {
        let hop = self.clone();
        service_fn(move |message: Message| {
            let hop = hop.clone();
            async move {
                let id = message.session.transaction().get::<TraceId>().unwrap();
                let to = message.envelope.recipients[0].path.mailbox().unwrap().host().to_string();
                hop.seen.send_modify(|seen| {
                    let under_way = seen.under_way.entry(to.clone()).or_default();
                    *under_way += 1;
                    seen.most = seen.most.max(*under_way);
                });
                hop.gate.acquire().await?.forget();
                hop.seen.send_modify(|seen| {
                    *seen.under_way.entry(to).or_default() -= 1;
                    seen.delivered.push((id, node));
                });
                Ok(Reply::new(250, "2.0.0 ok").into())
            }
        })
    }

    async fn until(&self, condition: impl FnMut(&Seen) -> bool) {
        self.seen.subscribe().wait_for(condition).await.unwrap();
    }
}

struct Running {
    store: PostgresStore,
    queue: Queue,
    end: oneshot::Sender<()>,
    worker: JoinHandle<()>,
}

impl Running {
    async fn start(cluster: &Postgres, hop: &NextHop, number: usize) -> Self {
        let store = node(cluster).await;
        let (queue, worker) = queue(&store).build(hop.of(number));
        let (end, ended) = oneshot::channel::<()>();
        let worker = tokio::spawn(async move {
            worker.run_until(async { drop(ended.await) }).await.unwrap();
        });
        Self { store, queue, end, worker }
    }

    async fn end(self) {
        let _ = self.end.send(());
        self.worker.await.unwrap();
        self.store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_hold_for_all_nodes_together() {
    let (cluster, hop) = (database(), NextHop::new());
    let mut nodes = Vec::new();
    for number in 0..3 {
        nodes.push(Running::start(&cluster, &hop, number).await);
    }
    let names = ["a.example", "b.example", "c.example", "d.example"];
    let mut stored = Vec::new();
    for number in 0..80 {
        stored.push(put(&nodes[number % 3].queue, names[number % 4], "\r\nhello\r\n").await.unwrap());
    }
    let is_full = |seen: &Seen| names.iter().all(|name| seen.under_way.get(*name) == Some(&AT_ONCE));
    hop.until(is_full).await;
    for passed in 1..=80 {
        hop.gate.add_permits(1);
        hop.until(|seen| seen.delivered.len() == passed).await;
    }
    for node in nodes {
        node.end().await;
    }
    assert_eq!(cluster.execute("SELECT count(*) FROM message"), "0");
    let seen = hop.seen.borrow();
    assert_eq!(seen.most, AT_ONCE);
    let mut delivered: Vec<TraceId> = seen.delivered.iter().map(|(id, _)| *id).collect();
    delivered.sort_unstable();
    stored.sort_unstable();
    assert_eq!(delivered, stored);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_go_on_where_one_leaves() {
    let (cluster, hop) = (database(), NextHop::new());
    let first = Running::start(&cluster, &hop, 0).await;
    for _ in 0..20 {
        put(&first.queue, "a.example", "\r\nhello\r\n").await.unwrap();
    }
    hop.until(|seen| seen.under_way.get("a.example") == Some(&AT_ONCE)).await;
    let second = Running::start(&cluster, &hop, 1).await;
    let handle = second.queue.handle();
    assert_eq!(handle.usage().messages, 20);

    // What is under way ends first.
    let mut ending = tokio::spawn(first.end());
    loop {
        let passed = hop.seen.borrow().delivered.len();
        hop.gate.add_permits(1);
        tokio::select! {
            ended = &mut ending => break ended.unwrap(),
            () = hop.until(|seen| seen.delivered.len() > passed) => {}
        }
    }
    hop.gate.add_permits(100);
    handle.drained().await;
    second.end().await;
    let seen = hop.seen.borrow();
    assert_eq!((seen.delivered.len(), seen.most), (20, AT_ONCE));
    let by_second = seen.delivered.iter().filter(|(_, node)| *node == 1).count();
    assert!((1..=18).contains(&by_second), "{by_second}");
}
