use bytes::Bytes;
use smtp_core::{Body, BodyError, BoxError};

use crate::{SpoolOptions, Spooled};

/// How much of a content is kept, so that another server may get it if one fails in the middle.
const KEPT: usize = 64 * 1024;

/// Content on its way to one server after the other, until one has it. As long as little of it was
/// read, it can be read again from its start.
#[derive(Debug)]
pub(crate) struct Rewind {
    body: Body,
    /// What was read of the body.
    kept: Vec<Bytes>,
    size: usize,
    /// Up to how many octets are kept.
    limit: usize,
    /// How many of the pieces that are kept were read since the content was rewound.
    position: usize,
    /// All of it, where it was read whole.
    whole: Option<Spooled>,
    /// A server may have all of it since it was rewound.
    pub(super) committed: bool,
}

impl Rewind {
    /// Content that goes to one server only.
    pub(crate) fn once(body: Body) -> Self {
        Self { body, kept: Vec::new(), size: 0, limit: 0, position: 0, whole: None, committed: false }
    }

    /// Content that may go to another server.
    pub(crate) fn stream(body: Body) -> Self {
        Self { limit: KEPT, ..Self::once(body) }
    }

    /// Content that can be read any number of times.
    pub(crate) fn spooled(whole: &Spooled) -> Self {
        Self { whole: Some(whole.clone()), ..Self::once(whole.body()) }
    }

    /// Reads all of it, so that it can go any number of times.
    ///
    /// # Errors
    /// Those of [`Spooled::read`].
    pub(crate) async fn spool(&mut self, options: &SpoolOptions) -> Result<(), BoxError> {
        if self.whole.is_none() {
            let body = std::mem::replace(&mut self.body, Body::empty());
            *self = Self::spooled(&Spooled::read(body, options).await?);
        }
        Ok(())
    }

    /// Whether it was read whole, and what goes wrong with it is no fault of who sends it.
    pub(super) fn is_spooled(&self) -> bool {
        self.whole.is_some()
    }

    /// Back to the start; tells whether that is possible.
    pub(crate) fn rewind(&mut self) -> bool {
        self.committed = false;
        if let Some(whole) = &self.whole {
            self.body = whole.body();
            return true;
        }
        self.position = 0;
        self.size <= self.limit
    }

    pub(super) async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        if let Some(piece) = self.kept.get(self.position) {
            self.position += 1;
            return Some(Ok(piece.clone()));
        }
        let next = self.body.next().await;
        if let (Some(Ok(piece)), None) = (&next, &self.whole) {
            self.size = self.size.saturating_add(piece.len());
            if self.size <= self.limit {
                self.kept.push(piece.clone());
                self.position += 1;
            } else {
                self.kept = Vec::new();
                self.position = 0;
            }
        }
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(pieces: usize) -> Body {
        let piece = Bytes::from_static(&[b'x'; 20_000]);
        Body::from_stream(futures::stream::iter(std::iter::repeat_n(Ok(piece), pieces)))
    }

    async fn read(content: &mut Rewind, most: usize) -> usize {
        let mut count = 0;
        while count < most
            && let Some(piece) = content.next().await
        {
            assert_eq!(piece.unwrap().len(), 20_000);
            count += 1;
        }
        count
    }

    #[tokio::test]
    async fn what_was_read_can_be_read_again_unless_it_is_much() {
        let mut content = Rewind::stream(body(5));
        for pieces in [0, 3, 1, 3] {
            assert_eq!(read(&mut content, pieces).await, pieces);
            assert!(content.rewind());
        }
        assert_eq!(read(&mut content, 4).await, 4);
        assert!(!content.rewind());
        assert_eq!(read(&mut content, 9).await, 1);
        assert!(!content.rewind());
    }

    #[tokio::test]
    async fn what_is_short_can_be_read_to_its_end_twice() {
        let mut content = Rewind::stream(body(3));
        assert_eq!(read(&mut content, 9).await, 3);
        assert!(content.rewind());
        assert_eq!(read(&mut content, 9).await, 3);
    }

    #[tokio::test]
    async fn what_is_spooled_can_be_read_any_number_of_times() {
        let mut content = Rewind::stream(body(7));
        content.spool(&SpoolOptions::default()).await.unwrap();
        for _ in 0..2 {
            let mut size = 0;
            while let Some(piece) = content.next().await {
                size += piece.unwrap().len();
            }
            assert_eq!(size, 140_000);
            assert!(content.rewind());
        }
        let mut once = Rewind::once(body(1));
        assert!(once.rewind());
        assert_eq!(read(&mut once, 9).await, 1);
        assert!(!once.rewind());
    }
}
