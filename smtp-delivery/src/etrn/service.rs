use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{Capability, Command, LayerFuture, Reply, Request, Session, SmtpService, release};
use tower_service::Service;

use super::Etrn;

/// The service of an [`EtrnLayer`](super::EtrnLayer).
pub struct EtrnService<S, F> {
    pub(super) inner: S,
    pub(super) answer: Arc<F>,
}

impl<S, F, Fut> Service<Request> for EtrnService<S, F>
where
    S: SmtpService + Clone,
    F: Fn(Etrn, Session) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Reply> + Send + 'static,
{
    type Response = Reply;
    type Error = S::Error;
    type Future = LayerFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match &request.command {
            Command::Ehlo(_) => LayerFuture::edit(self.inner.call(request), |reply| {
                if reply.is_positive() {
                    reply.capabilities_mut().insert(Capability::new("ETRN"));
                }
            }),
            Command::Other(unknown) if unknown.verb() == "ETRN" => {
                let node = check(unknown.arguments(), &request.session);
                release(&mut self.inner);
                match node {
                    Err(refusal) => LayerFuture::answer(refusal),
                    Ok(node) => {
                        let answer = (self.answer)(node, request.session);
                        LayerFuture::run(async { Ok(answer.await) })
                    }
                }
            }
            _ => LayerFuture::pass(self.inner.call(request)),
        }
    }
}

/// RFC 1985 section 5: within a session that EHLO began, and within no transaction.
fn check(argument: &str, session: &Session) -> Result<Etrn, Reply> {
    if !session.hello().is_some_and(|hello| hello.extended) {
        return Err(Reply::new(503, "5.5.1 send EHLO first"));
    }
    if session.envelope().is_some() {
        return Err(Reply::new(503, "5.5.1 not within a mail transaction"));
    }
    Etrn::parse(argument).ok_or_else(|| Reply::new(501, "5.5.4 syntax: ETRN domain, @domain or #queue"))
}

impl<S: Clone, F> Clone for EtrnService<S, F> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), answer: Arc::clone(&self.answer) }
    }
}

impl<S: fmt::Debug, F> fmt::Debug for EtrnService<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EtrnService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
