//! What a node does beside the worker: it hears the others, tells them, and shows that it lives.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout};
use tokio_postgres::Client;

use super::changes;
use super::connection::{Alone, Connect, begin_alone};
use super::failure::failed;
use super::node::Node;
use super::schema;
use crate::queue::StoreError;
use crate::queue::store::{Usage, Waiting};

/// How often everything is read again, whatever was heard.
const AGAIN: Duration = Duration::from_mins(1);
/// How long to wait before the next attempt to connect; twice as long each time.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// How often it is counted how much there is, if that takes at most one part in so many of the time; and when
/// again, if messages came or went meanwhile.
const COUNT_AGAIN: Duration = Duration::from_secs(5);
const COUNTING: u32 = 50;
const COUNT_SOON: Duration = Duration::from_secs(1);

const NOTIFY: &str = "SELECT pg_notify($1, $2)";
const COUNT: &str = "SELECT count(*), coalesce(sum(octets), 0)::bigint FROM message";

/// One end of the conversation between nodes.
pub(super) struct Talk {
    node: Arc<Node>,
    connect: Connect,
    closed: watch::Receiver<bool>,
    /// When to count again.
    count_at: Instant,
}

impl Talk {
    /// Makes the tables if there are none, and joins.
    pub(super) async fn begin(
        node: Arc<Node>,
        connect: Connect,
        closed: watch::Receiver<bool>,
    ) -> Result<(), StoreError> {
        let mut talk = Self { node, connect, closed, count_at: Instant::now() };
        let (mut client, driver) = talk.open().await?;
        schema::migrate(&mut client, &talk.node.options.schema).await?;
        talk.check(&client).await?;
        talk.node.join(&client).await?;
        talk.node.bury(&client).await?;
        talk.count(&client).await?;
        tracing::info!(node = talk.node.name(), schema = talk.node.options.schema, "queue in PostgreSQL");
        tokio::spawn(talk.go_on((client, driver)));
        Ok(())
    }

    async fn open(&self) -> Result<Alone, StoreError> {
        let node = Arc::downgrade(&self.node);
        let hear = move |text: &str| {
            if let Some(node) = node.upgrade() {
                node.alone.store(false, Ordering::Relaxed);
                node.heard.hear(node.id(), text);
            }
        };
        let schema = &self.node.options.schema;
        let limit = self.node.options.timeout;
        let open = async {
            let (client, driver) = (self.connect)(Arc::new(hear)).await?;
            let begin = format!("{}; LISTEN \"{schema}\"", begin_alone(schema, limit));
            client.batch_execute(&begin).await?;
            Ok((client, driver))
        };
        self.node.in_time(open).await
    }

    /// Says what makes this less safe than it should be.
    async fn check(&self, client: &Client) -> Result<(), StoreError> {
        for setting in ["fsync", "full_page_writes"] {
            let value =
                self.node.in_time(client.query_one("SELECT current_setting($1)", &[&setting])).await?;
            if value.try_get::<_, &str>(0).map_err(failed)? == "off" {
                tracing::warn!(setting, "is off: mail is lost when the database's machine loses power");
            }
        }
        Ok(())
    }

    async fn go_on(mut self, first: Alone) {
        let mut next = Ok(first);
        let mut wait = FIRST_WAIT;
        loop {
            let ended = match next {
                Ok(alone) => {
                    wait = FIRST_WAIT;
                    self.serve(alone).await
                }
                Err(error) => Err(error),
            };
            let Err(error) = ended else { return };
            tracing::warn!(%error, "connection with the other nodes is lost, trying again");
            tokio::select! {
                () = is_closed(&mut self.closed) => return,
                () = sleep(wait) => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
            let mut closed = self.closed.clone();
            next = tokio::select! {
                () = is_closed(&mut closed) => return,
                opened = self.open() => opened,
            };
        }
    }

    /// Goes on until the connection is lost, or the store is closed.
    async fn serve(&mut self, (mut client, mut driver): Alone) -> Result<(), StoreError> {
        let node = self.node.clone();
        // Who was away has missed something.
        node.heard.add_all();
        node.said.add_all();
        let mut beat = interval(node.options.lease / 3);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut again = interval(AGAIN);
        again.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = is_closed(&mut self.closed) => {
                    let leave = async {
                        node.leave(&client).await?;
                        self.say(&client, None).await
                    };
                    if let Ok(Err(error)) = timeout(node.options.timeout, leave).await {
                        tracing::warn!(%error, "what this node had is free later");
                    }
                    return Ok(());
                }
                _ = &mut driver => return Err(StoreError::other("the database has closed the connection")),
                _ = beat.tick() => self.beat(&mut client).await?,
                _ = again.tick() => node.heard.add_all(),
                () = sleep_until(self.count_at) => self.count(&client).await?,
                changes = node.said.take() => {
                    if !node.alone.load(Ordering::Relaxed) {
                        self.say(&client, changes).await?;
                    }
                }
            }
        }
    }

    async fn beat(&self, client: &mut Client) -> Result<(), StoreError> {
        let node = &self.node;
        node.live(client).await?;
        node.bury(client).await?;
        node.reclaim(client).await?;
        node.give_up_idle(client).await?;
        node.look_around(client).await?;
        Ok(())
    }

    async fn say(&self, client: &Client, changes: Option<Vec<Waiting>>) -> Result<(), StoreError> {
        let node = &self.node;
        for text in changes::write(node.id(), changes) {
            node.in_time(client.execute(NOTIFY, &[&node.options.schema, &text])).await?;
        }
        Ok(())
    }

    async fn count(&mut self, client: &Client) -> Result<(), StoreError> {
        let (before, begun) = (self.node.counted.changes(), Instant::now());
        let row = self.node.in_time(client.query_one(COUNT, &[])).await?;
        let number = |index| row.try_get::<_, i64>(index).map(|number| u64::try_from(number).unwrap_or(0));
        let usage = Usage { messages: number(0).map_err(failed)?, octets: number(1).map_err(failed)? };
        let had_some = self.node.counted.get().messages > 0;
        let wait = if self.node.counted.counted(usage, before) { COUNT_AGAIN } else { COUNT_SOON };
        self.count_at = Instant::now() + wait.max(begun.elapsed() * COUNTING);
        if had_some && self.node.counted.get().messages == 0 {
            // Somebody may wait for this, who hears only of what happens here.
            self.node.heard.add_all();
        }
        Ok(())
    }
}

/// Waits until the store is closed, or nobody has it any more.
async fn is_closed(closed: &mut watch::Receiver<bool>) {
    let _ = closed.wait_for(|closed| *closed).await;
}
