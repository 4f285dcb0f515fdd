use std::any::type_name;
use std::fmt;
use std::mem;
use std::task::{Context, Poll};

use smtp_core::{BoxError, Reply, Request, SmtpService};
use tower_service::Service;

use super::{FromFnFuture, IntoReply, Next};

/// The service of a [`FromFnLayer`](super::FromFnLayer).
#[derive(Clone)]
pub struct FromFnService<S, F> {
    pub(super) inner: S,
    pub(super) function: F,
}

impl<S, F, Fut> Service<Request> for FromFnService<S, F>
where
    S: SmtpService + Clone,
    F: Fn(Request, Next) -> Fut,
    Fut: Future<Output: IntoReply>,
{
    type Response = Reply;
    type Error = BoxError;
    type Future = FromFnFuture<Fut>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The one that is ready goes to the function; the one that stays is polled again.
        let stays = self.inner.clone();
        let ready = mem::replace(&mut self.inner, stays);
        FromFnFuture { answer: (self.function)(request, Next::new(ready)) }
    }
}

impl<S: fmt::Debug, F> fmt::Debug for FromFnService<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromFnService")
            .field("function", &format_args!("{}", type_name::<F>()))
            .field("inner", &self.inner)
            .finish()
    }
}
