use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use smtp_core::{Reply, Session};
use tokio::time::{Sleep, sleep};

use super::layer::Pit;

pin_project! {
    /// The future of a [`TarpitService`](super::TarpitService): the inner answer, at once or later.
    pub struct TarpitFuture<F> {
        #[pin]
        inner: F,
        session: Session,
        pit: Pit,
        delayed: Option<(Pin<Box<Sleep>>, Reply)>,
    }
}

/// How many refusals a session has had, in its typed map.
#[derive(Debug, Default)]
struct Refusals(u32);

impl<F> TarpitFuture<F> {
    pub(super) fn new(inner: F, session: Session, pit: Pit) -> Self {
        Self { inner, session, pit, delayed: None }
    }
}

impl<F: Future<Output = Result<Reply, E>>, E> Future for TarpitFuture<F> {
    type Output = Result<Reply, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if this.delayed.is_none() {
            let reply = ready!(this.inner.poll(cx))?;
            if !reply.is_permanent() {
                return Poll::Ready(Ok(reply));
            }
            let refusal = this.session.connection().with(|refusals: &mut Refusals| {
                refusals.0 = refusals.0.saturating_add(1);
                refusals.0
            });
            let delay = this.pit.delay_of(refusal);
            if delay.is_zero() {
                return Poll::Ready(Ok(reply));
            }
            *this.delayed = Some((Box::pin(sleep(delay)), reply));
        }
        if let Some((delay, _)) = this.delayed {
            ready!(delay.as_mut().poll(cx));
        }
        match this.delayed.take() {
            Some((_, reply)) => Poll::Ready(Ok(reply)),
            // Set above.
            None => Poll::Pending,
        }
    }
}

impl<F> fmt::Debug for TarpitFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TarpitFuture")
    }
}
