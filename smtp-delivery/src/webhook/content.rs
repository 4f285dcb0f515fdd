use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use hyper::body::{Frame, SizeHint};
use smtp_core::{Body, BodyError};
use tokio::time::Instant;

/// What is sent: a message between what stands in front of it and behind it.
pub(super) struct Content {
    start: Bytes,
    message: Option<Body>,
    end: Bytes,
    length: Option<u64>,
    given: u64,
    progress: Progress,
}

/// How far the sending is; a handle that outlives the content.
#[derive(Clone)]
pub(super) struct Progress(Arc<Mutex<State>>);

struct State {
    sent: bool,
    error: Option<BodyError>,
    /// The service is not what is waited for.
    waits_for_client: bool,
    moved: Instant,
}

impl Content {
    /// `length` is that of all three, where it is known.
    pub(super) fn new(start: Bytes, message: Body, end: Bytes, length: Option<u64>) -> Self {
        let state = State { sent: false, error: None, waits_for_client: false, moved: Instant::now() };
        Self {
            start,
            message: Some(message),
            end,
            length,
            given: 0,
            progress: Progress(Arc::new(Mutex::new(state))),
        }
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress.clone()
    }

    pub(super) async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        std::future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let chunk = self.poll_part(cx);
        if let Poll::Ready(Some(Ok(octets))) = &chunk {
            self.given += octets.len() as u64;
            // Who knows the length does not ask for an end.
            if self.length == Some(self.given) {
                self.progress.state().sent = true;
            }
        }
        chunk
    }

    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let mut state = self.progress.state();
        state.moved = Instant::now();
        if !self.start.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.start))));
        }
        if let Some(message) = &mut self.message {
            let chunk = Pin::new(message).poll_next(cx);
            state.waits_for_client = chunk.is_pending();
            match chunk {
                Poll::Ready(None) => self.message = None,
                Poll::Ready(Some(Err(error))) => {
                    state.error = Some(error.clone());
                    return Poll::Ready(Some(Err(error)));
                }
                chunk => return chunk,
            }
        }
        if !self.end.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.end))));
        }
        state.sent = true;
        Poll::Ready(None)
    }
}

impl hyper::body::Body for Content {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.poll_chunk(cx).map(|chunk| chunk.map(|chunk| chunk.map(Frame::data)))
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map(SizeHint::with_exact).unwrap_or_default()
    }
}

impl Progress {
    /// Whether all of it was sent, and nothing was wrong with it.
    pub(super) fn is_sent(&self) -> bool {
        self.state().sent
    }

    /// Why the message was not received whole.
    pub(super) fn take_error(&self) -> Option<BodyError> {
        self.state().error.take()
    }

    /// When the service last did its part; `None` while the client is waited for.
    pub(super) fn moved(&self) -> Option<Instant> {
        let state = self.state();
        (!state.waits_for_client).then_some(state.moved)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
