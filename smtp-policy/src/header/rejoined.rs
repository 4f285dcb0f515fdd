use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::Stream;
use smtp_core::{Body, BodyError};

/// What was read of a body, and the rest of it.
pub(super) struct Rejoined {
    pub(super) read: Bytes,
    pub(super) rest: Body,
}

impl Stream for Rejoined {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.read.is_empty() {
            Pin::new(&mut self.rest).poll_next(cx)
        } else {
            Poll::Ready(Some(Ok(std::mem::take(&mut self.read))))
        }
    }
}
