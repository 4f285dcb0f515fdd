use std::slice;

use bytes::{Bytes, BytesMut};
use smtp_core::{Body, BodyError, Reply};

use super::connection::Borrowed;
use super::failure::is_taken;
use super::insertion::Insert;
use super::node::Node;
use super::writer::Change as _;
use crate::Spooled;
use crate::queue::StoreError;
use crate::queue::store::{NewMessage, Waiting};

/// How much of a content is in one row.
const PIECE: usize = 256 * 1024;
/// Messages up to this size are stored together with others.
const SMALL: u64 = 64 * 1024;

const PIECE_MORE: &str = "INSERT INTO content (message, number, octets) VALUES ($1, $2, $3)";

impl Node {
    pub(super) async fn insert(&self, message: NewMessage, content: Body) -> Result<u64, StoreError> {
        // What is received slowly, or not at all, does not keep the database busy.
        let spooled = Spooled::read(content, &self.options.spool).await.map_err(not_spooled)?;
        let (id, octets) = (message.entry.id, spooled.len());
        let waiting: Vec<Waiting> = message
            .jobs
            .iter()
            .map(|job| Waiting { destination: job.destination.clone(), due: job.due })
            .collect();
        let counted = self.counted.begin();
        let mut pieces = Pieces { body: spooled.body(), rest: BytesMut::new() };
        let first = pieces.next().await?.unwrap_or_default();
        let insert = Insert::new(message, octets, first)?;
        let stored = match octets <= SMALL {
            true => self.insertions.write(insert).await,
            false => self.insert_in_pieces(insert, pieces).await,
        };
        stored.map_err(|error| if is_taken(&error) { StoreError::taken(id) } else { error })?;
        counted.added(octets);
        self.said.add(waiting);
        Ok(octets)
    }

    async fn insert_in_pieces(&self, insert: Insert, mut pieces: Pieces) -> Result<(), StoreError> {
        let client = Borrowed::from(&self.pool).await?;
        let begin = async {
            client.batch_execute("BEGIN").await?;
            Insert::commit(slice::from_ref(&insert), &client).await?;
            client.prepare_cached(PIECE_MORE).await
        };
        let more = self.in_time(begin).await?;
        let (id, mut number) = (insert.entry.id, 0_i32);
        while let Some(piece) = pieces.next().await? {
            number = number.checked_add(1).ok_or_else(|| StoreError::other("too many pieces"))?;
            self.in_time(client.execute(&more, &[&id.as_str(), &number, &&*piece])).await?;
        }
        self.in_time(client.batch_execute("COMMIT")).await?;
        client.give_back();
        Ok(())
    }
}

/// A content in pieces of the size that rows have.
struct Pieces {
    body: Body,
    rest: BytesMut,
}

impl Pieces {
    async fn next(&mut self) -> Result<Option<Bytes>, BodyError> {
        while self.rest.len() < PIECE {
            match self.body.next().await {
                Some(chunk) => self.rest.extend_from_slice(&chunk?),
                None if self.rest.is_empty() => return Ok(None),
                None => return Ok(Some(self.rest.split().freeze())),
            }
        }
        Ok(Some(self.rest.split_to(PIECE).freeze()))
    }
}

fn not_spooled(error: smtp_core::BoxError) -> StoreError {
    match error.downcast::<BodyError>() {
        Ok(error) => StoreError::Body(*error),
        Err(error) => match error.downcast::<Reply>() {
            // No room for it here, which is not the database's.
            Ok(reply) => StoreError::other(*reply),
            Err(error) => StoreError::Other(error),
        },
    }
}
