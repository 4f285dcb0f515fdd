//! What operators see and do.

use std::sync::Arc;
use std::time::SystemTime;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::connection::{Borrowed, transaction};
use super::failure::is_deadlock;
use super::node::Node;
use super::rows;
use crate::TraceId;
use crate::queue::StoreError;
use crate::queue::store::{Listed, Selection, Waiting};

/// How often jobs are changed at most that others change at the same time, in another order.
const TRIES: u32 = 5;

const DESTINATIONS: &str = "
    SELECT destination, min(due) AS due FROM job WHERE node IS NULL AND NOT held GROUP BY destination";

macro_rules! listed {
    ($which:literal) => {
        concat!(
            "SELECT message.id, entry::text, arrival, release, expires, message.priority, message.octets, number, destination,
                recipients::text, due, notice, turn, attempts, told, held, node IS NOT NULL AS leased
             FROM (",
            $which,
            ") AS message JOIN job ON job.message = message.id ORDER BY message.id, number"
        )
    };
}

const LIST: &str = listed!("SELECT * FROM message WHERE id > $1 ORDER BY id LIMIT $2");
const FIND: &str = listed!("SELECT * FROM message WHERE id = $1");

/// Those that a [`Selection`] means: `$1` is a message, `$2` a destination, and with neither it is all.
macro_rules! selected {
    ($change:literal) => {
        concat!(
            "WITH changed AS (UPDATE job SET ",
            $change,
            " AND ($1::text IS NULL OR message = $1) AND ($2::text IS NULL OR destination = $2))
             SELECT DISTINCT destination FROM job
             WHERE ($1::text IS NULL OR message = $1) AND ($2::text IS NULL OR destination = $2)"
        )
    };
}

const HOLD: &str = selected!("held = $3 WHERE held <> $3");
const EXPEDITE: &str = selected!("due = $3 WHERE due > $3");

const LOCK: &str = "SELECT FROM job WHERE message = $1 FOR UPDATE";
const REMOVE: &str = "
    DELETE FROM message
    WHERE id = $1 AND NOT EXISTS (SELECT FROM job WHERE message = $1 AND node IS NOT NULL)
    RETURNING octets";

impl Node {
    pub(super) async fn destinations(&self) -> Result<Vec<Waiting>, StoreError> {
        let found = self.query(DESTINATIONS, &[]).await?;
        let waiting = |row| Ok(Waiting { destination: rows::destination(row)?, due: rows::get(row, "due")? });
        found.iter().map(waiting).collect()
    }

    pub(super) async fn list(&self, after: Option<TraceId>, max: usize) -> Result<Vec<Listed>, StoreError> {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        let after = after.as_ref().map_or("", TraceId::as_str);
        listed(&self.query(LIST, &[&after, &max]).await?)
    }

    pub(super) async fn find(&self, id: TraceId) -> Result<Option<Listed>, StoreError> {
        Ok(listed(&self.query(FIND, &[&id.as_str()]).await?)?.pop())
    }

    pub(super) async fn hold(&self, jobs: Selection, held: bool) -> Result<Vec<Arc<str>>, StoreError> {
        let destinations = self.change(HOLD, &jobs, &held).await?;
        if !held {
            // When exactly is in the database.
            self.tell(&destinations, SystemTime::UNIX_EPOCH);
        }
        Ok(destinations)
    }

    pub(super) async fn expedite(
        &self,
        jobs: Selection,
        due: SystemTime,
    ) -> Result<Vec<Arc<str>>, StoreError> {
        let destinations = self.change(EXPEDITE, &jobs, &due).await?;
        self.tell(&destinations, due);
        Ok(destinations)
    }

    pub(super) async fn remove(&self, id: TraceId) -> Result<bool, StoreError> {
        let counted = self.counted.begin();
        let Some(row) = untangled(|| self.delete(&id)).await? else { return Ok(false) };
        counted.removed(rows::count(&row, "octets")?);
        Ok(true)
    }

    async fn delete(&self, id: &TraceId) -> Result<Option<Row>, StoreError> {
        let (client, name) = (Borrowed::from(&self.pool).await?, id.as_str());
        let delete = async {
            let lock = client.prepare_cached(LOCK).await?;
            let remove = client.prepare_cached(REMOVE).await?;
            transaction!(client, client.query(&lock, &[&name]), client.query_opt(&remove, &[&name]),)
        };
        let (_, _, removed, _) = self.in_time(delete).await?;
        client.give_back();
        Ok(removed)
    }

    async fn change(
        &self,
        statement: &str,
        jobs: &Selection,
        value: &(dyn ToSql + Sync),
    ) -> Result<Vec<Arc<str>>, StoreError> {
        let (message, destination) = match jobs {
            Selection::All => (None, None),
            Selection::Message(id) => (Some(id.as_str()), None),
            Selection::Destination(destination) => (None, Some(&**destination)),
        };
        let parameters: [&(dyn ToSql + Sync); 3] = [&message, &destination, value];
        let found = untangled(|| self.query(statement, &parameters)).await?;
        found.iter().map(rows::destination).collect()
    }

    fn tell(&self, destinations: &[Arc<str>], due: SystemTime) {
        self.said
            .add(destinations.iter().map(|destination| Waiting { destination: destination.clone(), due }));
    }

    async fn query(
        &self,
        statement: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, StoreError> {
        let client = Borrowed::from(&self.pool).await?;
        let query = async {
            let statement = client.prepare_cached(statement).await?;
            client.query(&statement, parameters).await
        };
        let found = self.in_time(query).await?;
        client.give_back();
        Ok(found)
    }
}

/// Does it again if it met others who change the same jobs in another order.
async fn untangled<T, F>(mut change: impl FnMut() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let mut tries = TRIES;
    loop {
        tries -= 1;
        match change().await {
            Err(error) if tries > 0 && is_deadlock(&error) => {}
            changed => return changed,
        }
    }
}

/// Messages of which each job is a row.
fn listed(rows: &[Row]) -> Result<Vec<Listed>, StoreError> {
    let mut messages: Vec<Listed> = Vec::new();
    for row in rows {
        let id = rows::id(row)?;
        let named = |error| StoreError::other(format!("{id}: {error}"));
        let job = rows::listed_job(row).map_err(named)?;
        match messages.last_mut().filter(|message| message.entry.id == id) {
            Some(message) => message.jobs.push(job),
            None => messages.push(Listed {
                entry: Arc::new(rows::entry(row).map_err(named)?),
                octets: rows::count(row, "octets")?,
                jobs: vec![job],
            }),
        }
    }
    Ok(messages)
}
