//! The database ends and begins again while nodes work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use smtp_core::{BoxError, Message, Reply};
use smtp_delivery::TraceId;
use smtp_delivery::queue::{PostgresOptions, PostgresStore, RetrySchedule};
use tokio::sync::{oneshot, watch};
use tower::service_fn;

use crate::{database, put, queue};

const RESTARTS: u32 = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_when_the_database_crashes() {
    let cluster = database();
    let delivered = Arc::new(Mutex::new(BTreeMap::<TraceId, u32>::new()));
    let (refused, up) = (watch::Sender::new(0), watch::Sender::new(true));
    let (mut fronts, mut backs) = (Vec::new(), Vec::new());
    let stored = watch::Sender::new(BTreeSet::<TraceId>::new());
    let (end, _) = watch::channel(false);
    // An answer that a crash swallows may have been that to a lease: the job is free again when that is over.
    let options = PostgresOptions::default().lease(Duration::from_secs(10)).timeout(Duration::from_secs(5));
    // And a content that cannot be read meanwhile is a failed attempt.
    let mut schedule = RetrySchedule::default();
    (schedule.first, schedule.longest) = (Duration::from_millis(100), Duration::from_secs(1));
    for number in 0..2 {
        let store = PostgresStore::connect(cluster.address(), options.clone()).await.unwrap();
        let kept = delivered.clone();
        let next_hop = service_fn(move |message: Message| {
            let id = message.session.transaction().get::<TraceId>().unwrap();
            *kept.lock().unwrap().entry(id).or_default() += 1;
            async { Ok::<_, BoxError>(Reply::new(250, "2.0.0 ok").into()) }
        });
        let (queue, worker) = queue(&store).schedule(schedule).build(next_hop);
        let handle = queue.handle();
        let mut ended = end.subscribe();
        let (begun, begins) = oneshot::channel();
        backs.push(tokio::spawn(async move {
            let until = async {
                begun.send(()).unwrap();
                ended.wait_for(|end| *end).await.unwrap();
                handle.drained().await;
            };
            worker.run_until(until).await.unwrap();
            store.close().await;
        }));
        begins.await.unwrap();
        let (refused, stored, mut up, ended) =
            (refused.clone(), stored.clone(), up.subscribe(), end.subscribe());
        fronts.push(tokio::spawn(async move {
            while !*ended.borrow() {
                let destination = format!("{}.example", stored.borrow().len() % 5);
                let content = vec![b'x'; if number == 0 { 100 } else { 600_000 }];
                match put(&queue, &destination, content).await {
                    Ok(id) => stored.send_modify(|stored| {
                        stored.insert(id);
                    }),
                    Err(reply) => {
                        assert_eq!(reply.code(), 451, "{reply}");
                        refused.send_modify(|refused| *refused += 1);
                        up.wait_for(|up| *up).await.unwrap();
                    }
                }
            }
        }));
    }
    for restart in 1..=RESTARTS {
        let so_far = stored.borrow().len();
        stored.subscribe().wait_for(|stored| stored.len() >= so_far + 20).await.unwrap();
        up.send_replace(false);
        cluster.stop();
        // Both ask in vain before it is back.
        refused.subscribe().wait_for(|refused| *refused >= 2 * restart).await.unwrap();
        cluster.run();
        up.send_replace(true);
    }
    end.send_replace(true);
    for task in fronts.into_iter().chain(backs) {
        task.await.unwrap();
    }
    let (delivered, stored) = (delivered.lock().unwrap(), stored.borrow());
    assert!(stored.iter().all(|id| delivered.contains_key(id)));
    // That the message is stored was not heard of each that was, nor of each outcome that it was noted.
    let more = delivered.values().map(|times| *times as usize).sum::<usize>() - stored.len();
    assert!(more <= 20 * RESTARTS as usize, "{more}");
    assert_eq!(cluster.rows(&["message", "job", "content"]), "0 0 0");
}
