//! What comes while the database is busy with what came before shares the next transaction.

use std::slice;
use std::time::Duration;

use deadpool_postgres::{Client, Pool};
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Error;

use super::connection::{Borrowed, in_time};
use super::failure::{copy, is_of_one};
use crate::queue::StoreError;

/// How many changes may wait before who brings one has to wait, too.
const WAITING: usize = 256;
/// How many changes one transaction has at most, and how many octets before it takes no more.
const MOST: usize = 128;
const ENOUGH: usize = 1024 * 1024;

/// Something that is done together with others of its kind.
pub(super) trait Change: Send + Sync + Sized + 'static {
    type Answer: Send;

    /// The octets that the database gets, more or less.
    fn octets(&self) -> usize;

    /// Does all of these in one transaction, or nothing. Gives their answers in the same order.
    fn commit(
        changes: &[Self],
        client: &Client,
    ) -> impl Future<Output = Result<Vec<Self::Answer>, Error>> + Send;
}

/// Has changes made by a task of its own, which ends when nobody is left to bring any.
pub(super) struct Writer<C: Change> {
    calls: mpsc::Sender<Call<C>>,
    limit: Duration,
}

/// A change, and who waits for its answer.
struct Call<C: Change> {
    change: C,
    caller: Caller<C>,
}

type Caller<C> = oneshot::Sender<Result<<C as Change>::Answer, StoreError>>;

impl<C: Change> Writer<C> {
    pub(super) fn start(pool: Pool, limit: Duration) -> Self {
        let (sender, calls) = mpsc::channel(WAITING);
        tokio::spawn(Work { calls, pool, limit }.go_on());
        Self { calls: sender, limit }
    }

    /// Waits until this is done, together with what others bring meanwhile.
    pub(super) async fn write(&self, change: C) -> Result<C::Answer, StoreError> {
        let (caller, answer) = oneshot::channel();
        match self.calls.send_timeout(Call { change, caller }, self.limit).await {
            Ok(()) => answer.await.map_err(|_| ended())?,
            Err(SendTimeoutError::Timeout(_)) => Err(StoreError::other("the database takes too long")),
            Err(SendTimeoutError::Closed(_)) => Err(ended()),
        }
    }
}

fn ended() -> StoreError {
    StoreError::other("nothing is written any more")
}

/// The task.
struct Work<C: Change> {
    calls: mpsc::Receiver<Call<C>>,
    pool: Pool,
    /// How long a transaction may take.
    limit: Duration,
}

impl<C: Change> Work<C> {
    async fn go_on(mut self) {
        while let Some(first) = self.calls.recv().await {
            let mut octets = first.change.octets();
            let mut batch = vec![first];
            while batch.len() < MOST
                && octets < ENOUGH
                && let Ok(next) = self.calls.try_recv()
            {
                octets += next.change.octets();
                batch.push(next);
            }
            batch.retain(|call| !call.caller.is_closed());
            if !batch.is_empty() {
                self.work(batch).await;
            }
        }
    }

    /// Does all of it, or else each by itself.
    async fn work(&self, batch: Vec<Call<C>>) {
        let (changes, callers): (Vec<C>, Vec<Caller<C>>) =
            batch.into_iter().map(|call| (call.change, call.caller)).unzip();
        match self.commit(&changes).await {
            Ok(answers) => answer(callers, answers),
            Err(error) if changes.len() > 1 && is_of_one(&error) => {
                tracing::debug!(%error, changes = changes.len(), "queue not written, trying each by itself");
                self.work_singly(&changes, callers).await;
            }
            Err(error) => fail(callers, error),
        }
    }

    async fn work_singly(&self, changes: &[C], callers: Vec<Caller<C>>) {
        let mut callers = callers.into_iter();
        for change in changes {
            let Some(caller) = callers.next() else { return };
            if caller.is_closed() {
                continue;
            }
            match self.commit(slice::from_ref(change)).await {
                Ok(answers) => answer([caller], answers),
                Err(error) if is_of_one(&error) => {
                    let _ = caller.send(Err(error));
                }
                Err(error) => return fail(callers.chain([caller]).collect(), error),
            }
        }
    }

    async fn commit(&self, changes: &[C]) -> Result<Vec<C::Answer>, StoreError> {
        let client = Borrowed::from(&self.pool).await?;
        let answers = in_time(self.limit, C::commit(changes, &client)).await?;
        client.give_back();
        Ok(answers)
    }
}

// Whoever does not wait any more needs no answer.

fn answer<A>(callers: impl IntoIterator<Item = oneshot::Sender<Result<A, StoreError>>>, answers: Vec<A>) {
    for (caller, answer) in callers.into_iter().zip(answers) {
        let _ = caller.send(Ok(answer));
    }
}

/// Tells all of them the same.
fn fail<A>(mut callers: Vec<oneshot::Sender<Result<A, StoreError>>>, error: StoreError) {
    let last = callers.pop();
    for caller in callers {
        let _ = caller.send(Err(copy(&error)));
    }
    let _ = last.map(|caller| caller.send(Err(error)));
}
