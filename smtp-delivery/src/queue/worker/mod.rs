//! The back of a queue.

mod attempt;
mod run;

use std::fmt;
use std::pin::pin;
use std::sync::Arc;

use smtp_core::{BoxDelivery, DeliveryService};

use self::run::Run;
use super::StoreError;
use super::shared::Shared;

/// The back of a queue, which delivers what the front stored. See the [module](super).
///
/// One worker a store and process: it ends the leases of one before it.
#[must_use = "without its worker a queue delivers nothing"]
pub struct Worker<D> {
    shared: Arc<Shared>,
    inner: D,
    /// The way of notifications.
    through: BoxDelivery,
}

impl<D: DeliveryService + Clone> Worker<D> {
    pub(super) fn new(shared: Arc<Shared>, inner: D, through: BoxDelivery) -> Self {
        Self { shared, inner, through }
    }

    /// The way of the notifications that this queue makes; without this, into the queue right away. Where
    /// layers stand in front of the queue, that of aliases for example, notifications should pass them.
    ///
    /// It must lead into a store: what is answered with 250 is settled.
    pub fn notices_through(mut self, delivery: BoxDelivery) -> Self {
        self.through = delivery;
        self
    }

    /// Delivers until the future is dropped. What is being delivered then is tried again later.
    ///
    /// # Errors
    /// [`StoreError::Final`] of the store, when it begins. While the store is away the worker tries again, then
    /// and later, and logs that.
    pub async fn run(self) -> Result<(), StoreError> {
        self.run_until(std::future::pending()).await
    }

    /// Delivers until `shutdown` is ready, and then ends what is being delivered. Whoever does not want to
    /// wait for that drops the future.
    ///
    /// # Errors
    /// As for [`run`](Self::run).
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> Result<(), StoreError> {
        let mut shutdown = pin!(shutdown);
        if let Some(run) = Run::begin(self, shutdown.as_mut()).await? {
            run.until(shutdown).await;
        }
        Ok(())
    }
}

impl<D> fmt::Debug for Worker<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("queue", &self.shared).finish_non_exhaustive()
    }
}
