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
    /// VRFY, EXPN
    Lookup,
    /// ETRN
    Flush,
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
            Command::Vrfy(_) | Command::Expn(_) => Self::Lookup,
            Command::Other(other) if other.verb() == "ETRN" => Self::Flush,
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

#[cfg(test)]
mod tests {
    use smtp_core::testing::{facts, request};
    use smtp_core::{BoxError, Command, Reply, Request};
    use tower_test::mock;
    use tower_test::mock::Spawn;

    use super::*;

    /// Lets `EHLO` alone, refuses `MAIL`, and `RCPT` where the rest of the stack accepts it.
    struct Strict;

    impl Guard for Strict {
        const NAME: &'static str = "strict";

        fn watches(&self, command: &Command) -> bool {
            !matches!(command, Command::Ehlo(_))
        }

        async fn before(&self, event: &Event, _: &Session) -> Result<(), Reply> {
            tokio::task::yield_now().await;
            if matches!(event, Event::Mail(_)) { Err(Reply::new(451, "4.7.0 later")) } else { Ok(()) }
        }

        async fn after(&self, _: &Event, _: &Session, reply: &Reply) -> Result<(), Reply> {
            if reply.is_positive() { Err(Reply::new(450, "4.7.0 not you")) } else { Ok(()) }
        }
    }

    type Inner = mock::Mock<Request, Reply>;

    fn guarded() -> (Spawn<GuardService<Inner, Strict>>, mock::Handle<Request, Reply>) {
        mock::spawn_with(|inner: Inner| GuardService::new(inner, &Arc::new(Strict)))
    }

    /// The reply to a line, where the rest of the stack answers `answer`; `None` if it must not be asked.
    async fn reply(line: &str, answer: Option<Reply>) -> Result<String, BoxError> {
        let (mut service, mut handle) = guarded();
        // Ready is ready as soon as the rest of the stack is, and not before.
        handle.allow(0);
        assert!(service.poll_ready().is_pending());
        handle.allow(1);
        tokio_test::assert_ready_ok!(service.poll_ready());
        let facts = facts();
        let asked = tokio::spawn(service.call(request(line, facts.session())));
        match answer {
            Some(answer) => {
                let (_, respond) = handle.next_request().await.expect("the rest of the stack is asked");
                respond.send_response(answer);
            }
            None => {
                drop(service);
                assert!(handle.next_request().await.is_none(), "the rest of the stack was asked");
            }
        }
        asked.await?.map(|reply| reply.to_string())
    }

    #[tokio::test]
    async fn a_guard_has_its_say_before_and_after_the_rest_of_the_stack() -> Result<(), BoxError> {
        let ok = || Some(Reply::new(250, "2.0.0 ok"));
        assert_eq!(reply("EHLO client.example", ok()).await?, "250 2.0.0 ok");
        assert_eq!(reply("MAIL FROM:<>", None).await?, "451 4.7.0 later");
        assert_eq!(reply("RCPT TO:<joe@example.org>", ok()).await?, "450 4.7.0 not you");
        let unknown = Some(Reply::new(550, "5.1.1 who?"));
        assert_eq!(reply("RCPT TO:<joe@example.org>", unknown).await?, "550 5.1.1 who?");
        Ok(())
    }
}
