use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{Command, LayerFuture, Recipient, Reply, Request, Session, SmtpService, release};
use tower_service::Service;

use super::rules::{Denied, Rules};

/// The service of a [`RelayLayer`](super::RelayLayer).
#[derive(Debug, Clone)]
pub struct RelayService<S> {
    inner: S,
    rules: Arc<Rules>,
}

impl<S> RelayService<S> {
    pub(super) fn new(inner: S, rules: Arc<Rules>) -> Self {
        Self { inner, rules }
    }
}

impl<S: SmtpService + Clone> Service<Request> for RelayService<S> {
    type Response = Reply;
    type Error = S::Error;
    type Future = LayerFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        if let Command::Rcpt(recipient) = &mut request.command {
            match self.rules.route(recipient, &request.session) {
                Ok(route) => recipient.route = Some(route),
                Err(denied) => {
                    let reply = denied.reply(recipient);
                    log(denied, recipient, &reply, &request.session);
                    release(&mut self.inner);
                    return LayerFuture::answer(reply);
                }
            }
        }
        LayerFuture::pass(self.inner.call(request))
    }
}

fn log(rule: Denied, recipient: &Recipient, reply: &Reply, session: &Session) {
    tracing::info!(
        policy = "relay",
        verb = "RCPT",
        code = reply.code().get(),
        %rule,
        recipient = ?recipient.to_string(),
        peer = %session.info().peer,
        identity = session.identity().map(|identity| identity.name()),
        "refused by policy"
    );
}
