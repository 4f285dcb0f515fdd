use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use smtp_core::{BoxFuture, Capability, Reply};

pin_project! {
    /// The answer of an [`ExpandService`](super::ExpandService).
    pub struct ExpandFuture<F> {
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
        Greeted {
            #[pin]
            answer: F,
        },
        LookedUp {
            reply: BoxFuture<Reply>,
        },
        Refused {
            reply: Option<Reply>,
        },
    }
}

impl<F> ExpandFuture<F> {
    pub(super) fn passed(answer: F) -> Self {
        Self { state: State::Passed { answer } }
    }

    /// EHLO of a client that may use EXPN.
    pub(super) fn greeted(answer: F) -> Self {
        Self { state: State::Greeted { answer } }
    }

    pub(super) fn looked_up(reply: BoxFuture<Reply>) -> Self {
        Self { state: State::LookedUp { reply } }
    }

    pub(super) fn refused(reply: Reply) -> Self {
        Self { state: State::Refused { reply: Some(reply) } }
    }
}

impl<F, E> Future for ExpandFuture<F>
where
    F: Future<Output = Result<Reply, E>>,
{
    type Output = Result<Reply, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProjection::Passed { answer } => answer.poll(cx),
            StateProjection::Greeted { answer } => answer.poll(cx).map_ok(offer_expn),
            StateProjection::LookedUp { reply } => reply.as_mut().poll(cx).map(Ok),
            StateProjection::Refused { reply } => {
                Poll::Ready(Ok(reply.take().expect("a future is not polled once it is done")))
            }
        }
    }
}

fn offer_expn(mut reply: Reply) -> Reply {
    if reply.is_positive() {
        reply.capabilities_mut().insert(Capability::new("EXPN"));
    }
    reply
}
