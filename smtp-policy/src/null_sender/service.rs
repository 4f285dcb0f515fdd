use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{Command, ForwardPath, LayerFuture, Reply, Request, Session, SmtpService, release};
use tower_service::Service;

use super::layer::Rules;
use crate::refusal;

/// The service of a [`NullSenderLayer`](super::NullSenderLayer).
#[derive(Debug, Clone)]
pub struct NullSenderService<S> {
    pub(super) inner: S,
    pub(super) rules: Arc<Rules>,
}

impl<S: SmtpService + Clone> Service<Request> for NullSenderService<S> {
    type Response = Reply;
    type Error = S::Error;
    type Future = LayerFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if let Some(reply) = self.refusal(&request) {
            release(&mut self.inner);
            return LayerFuture::answer(refuse(reply, &request));
        }
        let (Some(is_list), Command::Rcpt(recipient)) = (&self.rules.is_list, &request.command) else {
            return LayerFuture::pass(self.inner.call(request));
        };
        let ForwardPath::Mailbox(address) = recipient.path.clone() else {
            return LayerFuture::pass(self.inner.call(request));
        };
        if !has_null_sender(&request.session) {
            return LayerFuture::pass(self.inner.call(request));
        }
        let is_list = is_list(address);
        // The one that is ready goes into the future; the one that stays is polled again.
        let stays = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, stays);
        LayerFuture::run(async move {
            match is_list.await {
                Ok(false) => ready.call(request).await,
                Ok(true) => Ok(refuse(Reply::new(550, "5.7.1 this list takes no bounces"), &request)),
                Err(error) => {
                    tracing::error!(%error, "cannot tell who is a list");
                    Ok(Reply::new(451, "4.3.0 try again later"))
                }
            }
        })
    }
}

impl<S> NullSenderService<S> {
    /// What needs no lookup.
    fn refusal(&self, request: &Request) -> Option<Reply> {
        let session = &request.session;
        match &request.command {
            Command::Mail(mail) => {
                let refused = self.rules.refuse_users && session.identity().is_some() && mail.path.is_null();
                refused.then(|| Reply::new(550, "5.7.1 users send with an address of theirs"))
            }
            Command::Rcpt(_) => {
                let others = session.envelope().is_some_and(|envelope| !envelope.recipients.is_empty());
                let refused = others && has_null_sender(session);
                refused.then(|| Reply::new(452, "4.5.3 one recipient at a time for mail without a sender"))
            }
            _ => None,
        }
    }
}

fn has_null_sender(session: &Session) -> bool {
    session.envelope().is_some_and(|envelope| envelope.sender.path.is_null())
}

fn refuse(reply: Reply, request: &Request) -> Reply {
    refusal::log("null-sender", request.command.verb(), &reply, request.session.info().peer);
    reply
}
