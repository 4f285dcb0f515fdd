use tokio_postgres::types::ToSql;

use super::connection::{Borrowed, transaction};
use super::lease::parameters;
use super::node::Node;
use crate::queue::StoreError;
use crate::queue::store::record::write_recipients;
use crate::queue::store::{Rest, Settlement};

// A lease is in the row until somebody else takes the job, also when this node was believed dead: what it
// found out still counts then. Once settled, it is there no more.

/// Of a message that has but one job.
const END_ONLY: &str = "
    WITH done AS (DELETE FROM job WHERE message = $1 AND number = $2 AND lease = $3 RETURNING message)
    DELETE FROM message USING done WHERE id = done.message";

/// The last two jobs of a message may end at the same time, and one has to see that it is the last.
const LOCK: &str = "SELECT FROM message WHERE id = $1 FOR UPDATE";
const END: &str = "DELETE FROM job WHERE message = $1 AND number = $2 AND lease = $3";
const END_MESSAGE: &str =
    "DELETE FROM message WHERE id = $1 AND NOT EXISTS (SELECT FROM job WHERE message = $1)";

const DEFER: &str = "
    UPDATE job SET node = NULL, lease = NULL, leased = NULL, ripe = false,
        recipients = $4::text::json, due = $5, notice = $6, attempts = $7, told = $8
    WHERE message = $1 AND number = $2 AND lease = $3";

impl Node {
    pub(super) async fn settle(&self, settlement: Settlement) -> Result<(), StoreError> {
        let Settlement { key, rest } = settlement;
        let Some(held) = self.held.get(key) else {
            tracing::warn!(id = %key.id, "a job was settled that this node has no more");
            return Ok(());
        };
        let counted = self.counted.begin();
        let client = Borrowed::from(&self.pool).await?;
        let (id, number) = parameters(&key);
        let name: [&(dyn ToSql + Sync); 3] = [&id, &number, &held.lease];
        let (settled, messages) = match rest {
            Some(rest) => {
                let Rest { recipients, due, notice, attempts, told } = rest;
                let (recipients, attempts) = (write_recipients(&recipients)?, i64::from(attempts));
                let defer = async {
                    let defer = client.prepare_cached(DEFER).await?;
                    let [id, number, lease] = name;
                    let values: [&(dyn ToSql + Sync); 8] =
                        [id, number, lease, &recipients, &due, &notice, &attempts, &told];
                    client.execute(&defer, &values).await
                };
                (self.in_time(defer).await?, 0)
            }
            None if held.jobs == 1 => {
                let end = async {
                    let end = client.prepare_cached(END_ONLY).await?;
                    client.execute(&end, &name).await
                };
                let messages = self.in_time(end).await?;
                (messages, messages)
            }
            None => {
                let end = async {
                    let lock = client.prepare_cached(LOCK).await?;
                    let end = client.prepare_cached(END).await?;
                    let end_message = client.prepare_cached(END_MESSAGE).await?;
                    transaction!(
                        client,
                        client.query(&lock, &[&id]),
                        client.execute(&end, &name),
                        client.execute(&end_message, &[&id]),
                    )
                };
                let (_, _, jobs, messages, _) = self.in_time(end).await?;
                (jobs, messages)
            }
        };
        client.give_back();
        if settled == 0 {
            tracing::warn!(id = %key.id, "a job was taken over by another node, or settled before");
        }
        if messages > 0 {
            counted.removed(held.octets);
        }
        self.held.forget(key, held.lease);
        Ok(())
    }
}
