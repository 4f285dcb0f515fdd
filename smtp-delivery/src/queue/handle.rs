use std::sync::Arc;

use super::StoreError;
use super::shared::Shared;
use super::store::{Listed, Selection, Usage};
use crate::TraceId;

/// The operator's hand in a queue. Cheap to clone.
#[derive(Debug, Clone)]
pub struct QueueHandle(Arc<Shared>);

impl QueueHandle {
    pub(super) fn of(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// How much is in the queue.
    pub fn usage(&self) -> Usage {
        self.0.store.usage()
    }

    /// Messages in the order of their arrival, behind `after`.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, after: Option<TraceId>, max: usize) -> Result<Vec<Listed>, StoreError> {
        self.0.store.list(after, max).await
    }

    /// One message; `None` if it is not in the queue.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn find(&self, id: TraceId) -> Result<Option<Listed>, StoreError> {
        self.0.store.find(id).await
    }

    /// Holds these: they are not tried, and do not expire, until they are [released](Self::release). What
    /// is being delivered goes on.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn hold(&self, selection: Selection) -> Result<(), StoreError> {
        self.0.store.hold(selection, true).await.map(drop)
    }

    /// Lets go what is held.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn release(&self, selection: Selection) -> Result<(), StoreError> {
        let destinations = self.0.store.hold(selection, false).await?;
        // When exactly is in the store; to look once too often costs little.
        let now = self.0.now();
        for destination in destinations {
            self.0.news.waits(destination, now, Some(now));
        }
        Ok(())
    }

    /// Has these tried now, also where the destination is left alone because it did not answer.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn flush(&self, selection: Selection) -> Result<(), StoreError> {
        let destinations = self.0.store.expedite(selection, self.0.now()).await?;
        self.0.news.forgiven(destinations);
        Ok(())
    }

    /// Removes a message without a word to anybody; `false` if it is not there or being delivered.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn remove(&self, id: TraceId) -> Result<bool, StoreError> {
        let removed = self.0.store.remove(id).await?;
        // It may have been the last one.
        self.0.news.settled.notify_waiters();
        Ok(removed)
    }

    /// Waits until the queue is empty.
    pub async fn drained(&self) {
        loop {
            let settled = self.0.news.settled.notified();
            if self.0.store.usage().messages == 0 {
                return;
            }
            settled.await;
        }
    }
}
