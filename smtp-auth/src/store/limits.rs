use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use super::StoreError;

/// How many logins ask another program at once, and how long each waits for its answer.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    permits: Arc<Semaphore>,
    /// From the moment when the client has said everything.
    pub(crate) timeout: Duration,
}

impl Limits {
    pub(crate) fn new(at_once: usize, timeout: Duration) -> Self {
        Self { permits: permits(at_once), timeout }
    }

    /// Never less than one.
    pub(crate) fn set_at_once(&mut self, at_once: usize) {
        self.permits = permits(at_once);
    }

    /// Runs `work` when there is room for it, and gives it up when its time is over.
    pub(crate) async fn run<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let deadline = Instant::now() + self.timeout;
        let permit = timeout_at(deadline, self.permits.acquire());
        let _permit = permit.await.map_err(|_| StoreError::new("too many logins are waiting"))?;
        timeout_at(deadline, work)
            .await
            .map_err(|_| StoreError::new(format!("there is no answer within {:?}", self.timeout)))?
    }
}

fn permits(at_once: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS)))
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_does_not_answer_is_given_up() {
        let limits = Limits::new(1, Duration::from_secs(10));
        let start = Instant::now();
        let error = limits.run(pending::<Result<(), _>>()).await.unwrap_err();
        assert!(error.to_string().contains("no answer within 10s"), "{error}");
        assert_eq!(start.elapsed(), Duration::from_secs(10));
        limits.run(async { Ok(()) }).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_for_others_does_not_wait_longer() {
        let limits = Limits::new(0, Duration::from_secs(10));
        let impatient = Limits { timeout: Duration::from_secs(5), ..limits.clone() };
        let (first, second) =
            tokio::join!(limits.run(pending::<Result<(), _>>()), impatient.run(async { Ok(()) }));
        first.unwrap_err();
        let error = second.unwrap_err();
        assert!(error.to_string().contains("too many logins are waiting"), "{error}");
    }
}
