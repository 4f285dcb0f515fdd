use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use smtp_core::Reply;

pin_project! {
    /// The answer of a [`RelayService`](super::RelayService).
    pub struct RelayFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<F> {
        Passed {
            #[pin]
            answer: F,
        },
        Denied {
            reply: Option<Reply>,
        },
    }
}

impl<F> RelayFuture<F> {
    pub(super) fn passed(answer: F) -> Self {
        Self { state: State::Passed { answer } }
    }

    pub(super) fn denied(reply: Reply) -> Self {
        Self { state: State::Denied { reply: Some(reply) } }
    }
}

impl<F, E> Future for RelayFuture<F>
where
    F: Future<Output = Result<Reply, E>>,
{
    type Output = Result<Reply, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Passed { answer } => answer.poll(cx),
            StateProjection::Denied { reply } => {
                Poll::Ready(Ok(reply.take().expect("a future is not polled once it is done")))
            }
        }
    }
}
