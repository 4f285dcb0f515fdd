use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use smtp_core::{BoxError, BoxFuture, DeliveryService, Message, Outcomes, Reply};
use tower::util::Oneshot;

pin_project! {
    /// The answer of [`Deliver`](super::Deliver): there already, or that of the delivery.
    pub struct DeliverFuture<D: DeliveryService> {
        #[pin]
        state: State<D>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<D: DeliveryService> {
        Answered { reply: Option<Reply> },
        Delivering { #[pin] call: Oneshot<D, Message>, fold: fn(Outcomes) -> Reply },
        Discarding { answer: BoxFuture<Result<Reply, BoxError>> },
    }
}

impl<D: DeliveryService> DeliverFuture<D> {
    pub(super) fn answered(reply: Reply) -> Self {
        Self { state: State::Answered { reply: Some(reply) } }
    }

    pub(super) fn delivering(call: Oneshot<D, Message>, fold: fn(Outcomes) -> Reply) -> Self {
        Self { state: State::Delivering { call, fold } }
    }

    pub(super) fn discarding(answer: impl Future<Output = Result<Reply, BoxError>> + Send + 'static) -> Self {
        Self { state: State::Discarding { answer: Box::pin(answer) } }
    }
}

impl<D: DeliveryService> Future for DeliverFuture<D> {
    type Output = Result<Reply, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Answered { reply } => match reply.take() {
                Some(reply) => Poll::Ready(Ok(reply)),
                // Polled again after it was ready.
                None => Poll::Pending,
            },
            StateProjection::Delivering { call, fold } => {
                Poll::Ready(ready!(call.poll(cx)).map(*fold).map_err(Into::into))
            }
            StateProjection::Discarding { answer } => answer.as_mut().poll(cx),
        }
    }
}

impl<D: DeliveryService> std::fmt::Debug for DeliverFuture<D> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DeliverFuture")
    }
}
