use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use smtp_core::{Reply, Request};
use tower_service::Service;

use crate::refusal;

pin_project! {
    /// The answer of a [`PolicyService`](super::PolicyService).
    pub struct PolicyFuture<S, Fut>
    where
        S: Service<Request>,
    {
        #[pin]
        state: State<S, Fut>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, Fut>
    where
        S: Service<Request>,
    {
        Asked {
            #[pin]
            verdict: Fut,
            held: Option<Held<S>>,
        },
        Passed {
            #[pin]
            answer: S::Future,
        },
    }
}

/// What waits for the verdict.
struct Held<S> {
    policy: &'static str,
    service: S,
    request: Request,
}

impl<S: Service<Request>, Fut> PolicyFuture<S, Fut> {
    pub(super) fn passed(answer: S::Future) -> Self {
        Self { state: State::Passed { answer } }
    }

    pub(super) fn asked(policy: &'static str, verdict: Fut, service: S, request: Request) -> Self {
        Self { state: State::Asked { verdict, held: Some(Held { policy, service, request }) } }
    }
}

impl<S, Fut> Future for PolicyFuture<S, Fut>
where
    S: Service<Request, Response = Reply>,
    Fut: Future<Output = Result<(), Reply>>,
{
    type Output = Result<Reply, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Passed { answer } => return answer.poll(cx),
                StateProjection::Asked { verdict, held } => {
                    let verdict = ready!(verdict.poll(cx));
                    let mut held = held.take().expect("a future is not polled once it is done");
                    if let Err(reply) = verdict {
                        held.log(&reply);
                        return Poll::Ready(Ok(reply));
                    }
                    let answer = held.service.call(held.request);
                    state.set(State::Passed { answer });
                }
            }
        }
    }
}

impl<S> Held<S> {
    fn log(&self, reply: &Reply) {
        let peer = self.request.session.info().peer;
        refusal::log(self.policy, self.request.command.verb(), reply, peer);
    }
}
