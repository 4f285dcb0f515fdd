use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use smtp_core::{BoxFuture, Reply, Request};
use tower_service::Service;

use super::Decision;
use super::changes::After;
use super::outcome::{Outcome, follow};
use super::stage::Scope;
use crate::discard;

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
            decision: Fut,
            held: Option<Held<S>>,
        },
        Passed {
            #[pin]
            answer: S::Future,
            after: [Option<Box<After>>; 2],
        },
        Running {
            answer: BoxFuture<Result<Reply, S::Error>>,
        },
    }
}

/// What waits for the decision.
struct Held<S> {
    policy: Option<Cow<'static, str>>,
    scope: Scope,
    service: S,
    request: Request,
    after: Option<Box<After>>,
}

impl<S: Service<Request>, Fut> PolicyFuture<S, Fut> {
    pub(super) fn passed(answer: S::Future, after: Option<Box<After>>) -> Self {
        Self { state: State::Passed { answer, after: [None, after] } }
    }

    pub(super) fn asked(
        policy: Option<Cow<'static, str>>,
        scope: Scope,
        decision: Fut,
        service: S,
        request: Request,
        after: Option<Box<After>>,
    ) -> Self {
        Self { state: State::Asked { decision, held: Some(Held { policy, scope, service, request, after }) } }
    }

    pub(super) fn running(answer: impl Future<Output = Result<Reply, S::Error>> + Send + 'static) -> Self {
        Self { state: State::Running { answer: Box::pin(answer) } }
    }
}

impl<S, Fut> Future for PolicyFuture<S, Fut>
where
    S: Service<Request, Response = Reply>,
    Fut: Future<Output = Decision>,
{
    type Output = Result<Reply, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Passed { answer, after } => {
                    let reply = ready!(answer.poll(cx))?;
                    let after = after.iter_mut().filter_map(Option::take);
                    return Poll::Ready(Ok(after.fold(reply, |reply, after| after.finish(reply))));
                }
                StateProjection::Running { answer } => return answer.as_mut().poll(cx),
                StateProjection::Asked { decision, held } => {
                    let decision = ready!(decision.poll(cx));
                    let held = held.take().expect("a future is not polled once it is done");
                    let Held { policy, scope, mut service, request, after } = held;
                    let next = match follow(decision, policy.as_ref(), scope, request) {
                        Outcome::Answer(reply) => return Poll::Ready(Ok(reply)),
                        Outcome::Pass(request, own) => {
                            State::Passed { answer: service.call(request), after: [own, after] }
                        }
                        Outcome::Swallow(request) => {
                            State::Running { answer: Box::pin(async { Ok(discard::swallow(request).await) }) }
                        }
                    };
                    state.set(next);
                }
            }
        }
    }
}

impl<S: Service<Request>, Fut> fmt::Debug for PolicyFuture<S, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PolicyFuture")
    }
}
