use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use smtp_server::delivery::queue::StoreError;
use smtp_server::{BoxError, Message, Outcomes, Reply};
use tokio::sync::Notify;
use tower::service_fn;

use super::{OpenStore, fill};

/// Messages wait for so many destinations,
const DESTINATIONS: usize = 1000;
/// and for the one that is dead as many more as this part of them.
const MORE: usize = 10;
/// How long the dead one lets who calls it wait.
const STALL: Duration = Duration::from_secs(30);

/// How many messages a second a queue delivers to all destinations but one, which has most messages, and does
/// not answer, or does.
///
/// # Errors
/// If the store fails.
pub async fn deliver_beside(
    store: &OpenStore,
    messages: usize,
    tasks: usize,
    size: usize,
    dead: bool,
) -> Result<f64, StoreError> {
    let shared = store.shared();
    fill(&shared, tasks, 0..messages, size, DESTINATIONS).await?;
    fill(&shared, tasks, messages..messages + messages / MORE, size, 1).await?;
    let others = messages - messages.div_ceil(DESTINATIONS);
    let (delivered, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
    let count = (delivered, done.clone());
    let delivery = service_fn(move |message: Message| {
        let (delivered, done) = count.clone();
        async move {
            let to = message.envelope.recipients.first().map(|recipient| recipient.path.to_string());
            let is_one = to.is_some_and(|to| to.ends_with("@d0.example>"));
            if is_one && dead {
                tokio::time::sleep(STALL).await;
                return Ok(Outcomes::from(Reply::new(451, "4.4.1 no answer")));
            }
            if !is_one && delivered.fetch_add(1, Ordering::Relaxed) + 1 == others {
                done.notify_one();
            }
            Ok::<_, BoxError>(Reply::new(250, "2.0.0 OK").into())
        }
    });
    let (_queue, worker) = store.queue().build(delivery);
    let begin = Instant::now();
    let worker = tokio::spawn(worker.run());
    done.notified().await;
    let took = begin.elapsed();
    worker.abort();
    Ok(others as f64 / took.as_secs_f64())
}
