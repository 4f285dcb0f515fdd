//! What comes while the database is busy with what came before shares the next transaction.

use std::slice;
use std::time::Duration;

use deadpool_postgres::{Client, Pool};
use tokio::sync::mpsc::error::SendTimeoutError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
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

    /// Waits until this is done, together with what others bring meanwhile. While the database is away they
    /// may be many: nobody waits longer than for room, and for two transactions. What was not begun then is not
    /// done.
    pub(super) async fn write(&self, change: C) -> Result<C::Answer, StoreError> {
        let (caller, answer) = oneshot::channel();
        match self.calls.send_timeout(Call { change, caller }, self.limit).await {
            Ok(()) => match timeout(self.limit * 2, answer).await {
                Ok(answer) => answer.map_err(|_| ended())?,
                Err(_) => Err(late()),
            },
            Err(SendTimeoutError::Timeout(_)) => Err(late()),
            Err(SendTimeoutError::Closed(_)) => Err(ended()),
        }
    }
}

fn late() -> StoreError {
    StoreError::other("the database takes too long")
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

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use tokio::net::TcpListener;
    use tokio::time::Instant;
    use tokio_postgres::NoTls;

    use super::super::PostgresOptions;
    use super::super::connection::{config, pool};
    use super::*;

    /// As much as one transaction takes.
    struct Large;

    impl Change for Large {
        type Answer = ();

        fn octets(&self) -> usize {
            ENOUGH
        }

        async fn commit(changes: &[Self], client: &Client) -> Result<Vec<()>, Error> {
            client.batch_execute("").await?;
            Ok(vec![(); changes.len()])
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_all_who_wait_for_a_database_that_says_nothing() {
        let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("host=127.0.0.1 port={} user=x", silent.local_addr().unwrap().port());
        let options = PostgresOptions::default();
        let pool = pool(config(&(&*address).into(), false, &options).unwrap(), NoTls, &options).unwrap();
        let writer = Writer::start(pool, options.timeout);
        let begun = Instant::now();
        let answers = join_all((0..WAITING).map(|_| writer.write(Large))).await;
        assert!(answers.iter().all(Result::is_err));
        assert!(begun.elapsed() <= options.timeout * 3, "{:?}", begun.elapsed());
    }
}
