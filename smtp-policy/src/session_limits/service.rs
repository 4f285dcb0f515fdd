use std::task::{Context, Poll};

use smtp_core::extension::Limit;
use smtp_core::{Command, LayerFuture, Reply, Request, Session, SmtpService, release};
use tower_service::Service;

use super::layer::Limits;
use crate::refusal;

/// The service of a [`SessionLimitsLayer`](super::SessionLimitsLayer).
#[derive(Debug, Clone)]
pub struct SessionLimitsService<S> {
    pub(super) inner: S,
    pub(super) limits: Limits,
}

/// What a session has used of its budgets, in its typed map.
#[derive(Debug, Default)]
struct Used {
    commands: u32,
    errors: u32,
    transactions: u32,
}

impl<S: SmtpService + Clone> Service<Request> for SessionLimitsService<S> {
    type Response = Reply;
    type Error = S::Error;
    type Future = LayerFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // Whoever says goodbye may go in peace.
        if matches!(request.command, Command::Connect | Command::Quit) {
            return LayerFuture::pass(self.inner.call(request));
        }
        if let Some(reply) = self.exceeded(&request) {
            refusal::log("session limits", request.command.verb(), &reply, request.session.info().peer);
            release(&mut self.inner);
            return LayerFuture::answer(reply);
        }
        let (session, limits) = (request.session.clone(), self.limits);
        let is_hello = matches!(request.command, Command::Ehlo(_) | Command::Lhlo(_));
        let is_data = matches!(request.command, Command::Data(_));
        LayerFuture::edit(self.inner.call(request), move |reply| {
            if is_hello && reply.is_positive() {
                reply.capabilities_mut().limit(Limit::MailMax, limits.transactions);
            }
            if reply.is_permanent() && count_error(&session) > limits.errors {
                let refusal = refuse("too many errors");
                let answer = std::mem::replace(reply, refusal);
                if is_data {
                    // What became of the message is said all the same: who heard 421 would send it again,
                    // in LMTP to those too who have it.
                    *reply = answer.and_close();
                }
                tracing::info!(policy = "session limits", %reply, peer = %session.info().peer, "session ended");
            }
        })
    }
}

impl<S> SessionLimitsService<S> {
    /// Counts the command, and says whether it is one too many.
    fn exceeded(&self, request: &Request) -> Option<Reply> {
        let is_mail = matches!(request.command, Command::Mail(_));
        request.session.connection().with(|used: &mut Used| {
            used.commands = used.commands.saturating_add(1);
            used.transactions = used.transactions.saturating_add(u32::from(is_mail));
            if used.commands > self.limits.commands {
                Some(refuse("too many commands"))
            } else if is_mail && used.transactions > self.limits.transactions {
                Some(refuse("too many messages in one session"))
            } else {
                None
            }
        })
    }
}

fn count_error(session: &Session) -> u32 {
    session.connection().with(|used: &mut Used| {
        used.errors = used.errors.saturating_add(1);
        used.errors
    })
}

fn refuse(what: &str) -> Reply {
    Reply::new(421, format!("4.7.0 {what}, closing connection"))
}
