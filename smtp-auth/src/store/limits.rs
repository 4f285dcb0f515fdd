use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
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
        let _permit = self.permit(deadline).await?;
        timeout_at(deadline, work).await.map_err(|_| self.no_answer())?
    }

    /// As [`run`](Self::run), for work that blocks. It has a thread of its own, as it may never end: the
    /// runtime's pool would have one less, and the runtime wait for it at its end. Whoever gave it up
    /// gets the room back when it is done.
    #[cfg(feature = "pam")]
    pub(crate) async fn run_on_thread<T: Send + 'static>(
        &self,
        name: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let deadline = Instant::now() + self.timeout;
        let permit = self.permit(deadline).await?;
        let (sender, receiver) = tokio::sync::oneshot::channel();
        std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            let _permit = permit;
            // Nobody may be waiting any more.
            let _ = sender.send(work());
        })?;
        let answer = timeout_at(deadline, receiver).await.map_err(|_| self.no_answer())?;
        answer.map_err(|_| StoreError::new("the thread that asks has ended"))
    }

    async fn permit(&self, deadline: Instant) -> Result<OwnedSemaphorePermit, StoreError> {
        let permit = timeout_at(deadline, self.permits.clone().acquire_owned()).await;
        permit.map_err(|_| StoreError::new("too many logins are waiting"))?.map_err(StoreError::new)
    }

    fn no_answer(&self) -> StoreError {
        StoreError::new(format!("there is no answer within {:?}", self.timeout))
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
