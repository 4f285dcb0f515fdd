use std::fmt;
use std::mem;
use std::task::{Context, Poll};

use smtp_core::{Reply, Request, Session, SmtpService};
use tower_service::Service;

use super::layer::Policy;
use super::{PolicyFuture, Stage};

/// The service of a [`PolicyLayer`](super::PolicyLayer): asks a function before it calls the inner
/// service.
pub struct PolicyService<S, F, A> {
    pub(super) inner: S,
    pub(super) policy: Policy<F, A>,
}

impl<S, F, A, Fut> Service<Request> for PolicyService<S, F, A>
where
    S: SmtpService + Clone,
    F: Fn(A, Session) -> Fut,
    A: Stage,
    Fut: Future<Output = Result<(), Reply>>,
{
    type Response = Reply;
    type Error = S::Error;
    type Future = PolicyFuture<S, Fut>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Some(argument) = A::from_request(&request) else {
            return PolicyFuture::passed(self.inner.call(request));
        };
        let verdict = (self.policy.function)(argument, request.session.clone());
        // The one that is ready goes into the future; the one that stays is polled again.
        let stays = self.inner.clone();
        let ready = mem::replace(&mut self.inner, stays);
        PolicyFuture::asked(self.policy.name, verdict, ready, request)
    }
}

impl<S: Clone, F: Clone, A> Clone for PolicyService<S, F, A> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), policy: self.policy.clone() }
    }
}

impl<S: fmt::Debug, F, A> fmt::Debug for PolicyService<S, F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyService")
            .field("policy", &self.policy.name)
            .field("inner", &self.inner)
            .finish()
    }
}
