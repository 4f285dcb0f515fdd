use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use smtp_server::delivery::queue::store::{LeaseRequest, Selection, Settlement, Which};
use smtp_server::delivery::queue::{Store, StoreError};
use tokio::task::JoinSet;

use super::message;
use crate::compare::CpuTime;

/// How long something took, and how much CPU time of this process.
#[derive(Debug, Clone, Copy)]
pub struct Figure {
    count: usize,
    wall: Duration,
    cpu: Duration,
}

impl Figure {
    async fn of<T, E>(count: usize, work: impl Future<Output = Result<T, E>>) -> Result<Self, E> {
        let (cpu, begin) = (CpuTime::new(), Instant::now());
        let before = cpu.of_tree(std::process::id());
        work.await?;
        let cpu = cpu.of_tree(std::process::id()).saturating_sub(before);
        Ok(Self { count, wall: begin.elapsed(), cpu })
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.count as f64;
        let (rate, cpu) = (count / self.wall.as_secs_f64(), self.cpu.as_secs_f64() * 1e6 / count);
        write!(f, "{rate:.0} ({cpu:.0} us)")
    }
}

/// Stores messages of this size, from so many tasks, in turn for the destinations.
///
/// # Errors
/// If the store fails.
pub async fn fill(
    store: &Arc<dyn Store>,
    tasks: usize,
    numbers: std::ops::Range<usize>,
    size: usize,
    destinations: usize,
) -> Result<Figure, StoreError> {
    let content = Bytes::from(vec![b'x'; size]);
    let run = async {
        let mut running = JoinSet::new();
        for task in 0..tasks {
            let (store, content, numbers) = (store.clone(), content.clone(), numbers.clone());
            running.spawn(async move {
                for number in numbers.skip(task).step_by(tasks) {
                    let message = message(number, &format!("d{}.example", number % destinations));
                    store.insert(message, content.clone().into()).await?;
                }
                Ok(())
            });
        }
        join(running).await
    };
    Figure::of(numbers.len(), run).await
}

/// Takes the messages of each destination in tens, and settles each by itself.
///
/// # Errors
/// If the store fails.
pub async fn deliver(
    store: &Arc<dyn Store>,
    count: usize,
    destinations: usize,
) -> Result<Figure, StoreError> {
    let run = async {
        let mut running = JoinSet::new();
        for destination in 0..destinations {
            let store = store.clone();
            running.spawn(async move {
                loop {
                    let now = SystemTime::now();
                    let which = Which::Due(format!("d{destination}.example").into());
                    let until = now + Duration::from_mins(2);
                    let leased = store.lease(LeaseRequest { which, now, until, max: 10 }).await?;
                    // A destination that was just given up has more without having given any.
                    if leased.jobs.is_empty() && leased.next.is_none() {
                        return Ok(());
                    }
                    let settle = |key| store.settle(Settlement { key, rest: None });
                    let settled: JoinSet<_> = leased.jobs.iter().map(|leased| settle(leased.key())).collect();
                    join(settled).await?;
                }
            });
        }
        join(running).await
    };
    Figure::of(count, run).await
}

/// Holds everything, lets it go, and has it tried now.
///
/// # Errors
/// If the store fails.
pub async fn operate(store: &Arc<dyn Store>, count: usize) -> Result<[Figure; 3], StoreError> {
    Ok([
        Figure::of(count, store.hold(Selection::All, true)).await?,
        Figure::of(count, store.hold(Selection::All, false)).await?,
        Figure::of(count, store.expedite(Selection::All, SystemTime::now())).await?,
    ])
}

async fn join(mut running: JoinSet<Result<(), StoreError>>) -> Result<(), StoreError> {
    while let Some(ended) = running.join_next().await {
        ended.map_err(StoreError::other)??;
    }
    Ok(())
}
