use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use smtp_core::{Body, BodyErrorKind};

use super::connection::Borrowed;
use super::node::Node;
use super::rows;
use crate::TraceId;
use crate::queue::StoreError;

const PIECE: &str = "
    SELECT message.octets AS size, content.octets FROM message
        JOIN content ON content.message = message.id AND content.number = $2
    WHERE message.id = $1";

/// How far a content is read.
struct Reading {
    node: Arc<Node>,
    id: TraceId,
    next: i32,
    left: u64,
}

impl Node {
    /// A connection is taken for each piece: whoever delivers slowly keeps none.
    pub(super) async fn content(self: Arc<Self>, id: TraceId) -> Result<Body, StoreError> {
        let (size, first) = self.piece(id, 0).await?;
        let mut reading = Reading { node: self, id, next: 1, left: size };
        reading.has(&first)?;
        if reading.left == 0 {
            return Ok(first.into());
        }
        let rest = stream::unfold(reading, |mut reading| async move {
            if reading.left == 0 {
                return None;
            }
            match reading.read().await {
                Ok(piece) => Some((Ok(piece), reading)),
                Err(error) => {
                    tracing::error!(id = %reading.id, %error, "content cannot be read");
                    reading.left = 0;
                    Some((Err(BodyErrorKind::Disconnected.into()), reading))
                }
            }
        });
        Ok(Body::from_stream(futures::StreamExt::chain(stream::iter([Ok(first)]), rest)))
    }

    async fn piece(&self, id: TraceId, number: i32) -> Result<(u64, Bytes), StoreError> {
        let client = Borrowed::from(&self.pool).await?;
        let query = async {
            let piece = client.prepare_cached(PIECE).await?;
            client.query_opt(&piece, &[&id.as_str(), &number]).await
        };
        let row = self.in_time(query).await?;
        client.give_back();
        let row = row.ok_or_else(|| StoreError::unknown(id))?;
        Ok((rows::count(&row, "size")?, Bytes::copy_from_slice(rows::get(&row, "octets")?)))
    }
}

impl Reading {
    async fn read(&mut self) -> Result<Bytes, StoreError> {
        let (_, piece) = self.node.piece(self.id, self.next).await?;
        self.next += 1;
        self.has(&piece)?;
        Ok(piece)
    }

    fn has(&mut self, piece: &Bytes) -> Result<(), StoreError> {
        let left = self.left.checked_sub(piece.len() as u64);
        self.left = left.ok_or_else(|| StoreError::other("there is more of it than was kept"))?;
        Ok(())
    }
}
