//! Layers that look at a command before the rest of the stack does, and at the reply to it.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{Command, Hello, LayerFuture, Mail, Recipient, Reply, Request, Session, SmtpService};
use tower_service::Service;

use crate::refusal;

/// What is looked at, and what is thought of it. Not exported: for functions of one's own there are
/// `policy_fn` and `from_fn`.
pub trait Guard: Send + Sync + 'static {
    /// Its name in the log.
    const NAME: &'static str;

    /// Whether it has to do with such commands; others pass it by without an allocation.
    fn watches(&self, command: &Command) -> bool;

    /// Refuses the command, or lets it through.
    fn before(&self, _event: &Event, _session: &Session) -> impl Future<Output = Result<(), Reply>> + Send {
        std::future::ready(Ok(()))
    }

    /// What is answered where the rest of the stack answers `reply`; the same unless it has something against
    /// it.
    ///
    /// # Errors
    /// What is answered in its place.
    fn after(
        &self,
        _event: &Event,
        _session: &Session,
        _reply: &Reply,
    ) -> impl Future<Output = Result<(), Reply>> + Send {
        std::future::ready(Ok(()))
    }
}

/// A command, as far as guards go by it.
#[derive(Debug, Clone)]
pub enum Event {
    /// The connection itself.
    Connect,
    /// HELO, EHLO, LHLO
    Hello(Hello),
    /// AUTH
    Auth,
    /// MAIL
    Mail(Mail),
    /// RCPT
    Rcpt(Recipient),
    /// DATA or the first BDAT
    Data,
    /// Anything else.
    Other,
}

impl From<&Command> for Event {
    fn from(command: &Command) -> Self {
        match command {
            Command::Connect => Self::Connect,
            Command::Helo(hello) | Command::Ehlo(hello) | Command::Lhlo(hello) => Self::Hello(hello.clone()),
            Command::Auth(_) => Self::Auth,
            Command::Mail(mail) => Self::Mail(mail.clone()),
            Command::Rcpt(recipient) => Self::Rcpt(recipient.clone()),
            Command::Data(_) => Self::Data,
            _ => Self::Other,
        }
    }
}

/// The service of the layers that refuse for abuse, [`RateLimitLayer`](crate::RateLimitLayer) for example.
pub struct GuardService<S, G> {
    inner: S,
    guard: Arc<G>,
}

impl<S, G> GuardService<S, G> {
    pub(crate) fn new(inner: S, guard: &Arc<G>) -> Self {
        Self { inner, guard: Arc::clone(guard) }
    }
}

impl<S: SmtpService + Clone, G: Guard> Service<Request> for GuardService<S, G> {
    type Response = Reply;
    type Error = S::Error;
    type Future = LayerFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if !self.guard.watches(&request.command) {
            return LayerFuture::pass(self.inner.call(request));
        }
        let guard = Arc::clone(&self.guard);
        // The one that is ready goes into the future; the one that stays is polled again.
        let stays = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, stays);
        LayerFuture::run(async move {
            let (event, session) = (Event::from(&request.command), request.session.clone());
            let verb = request.command.verb().to_owned();
            let verdict = match guard.before(&event, &session).await {
                Err(refusal) => Err(refusal),
                Ok(()) => {
                    let reply = ready.call(request).await?;
                    guard.after(&event, &session, &reply).await.map(|()| reply)
                }
            };
            Ok(verdict.unwrap_or_else(|refusal| {
                refusal::log(G::NAME, &verb, &refusal, session.info().peer);
                refusal
            }))
        })
    }
}

impl<S: Clone, G> Clone for GuardService<S, G> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), &self.guard)
    }
}

impl<S: fmt::Debug, G: Guard> fmt::Debug for GuardService<S, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardService").field("guard", &G::NAME).field("inner", &self.inner).finish()
    }
}
