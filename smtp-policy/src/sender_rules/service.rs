use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{Body, Command, Identity, LayerFuture, Reply, Request, ReversePath, Session, SmtpService};
use tower_service::Service;

use super::header;
use super::rules::Rules;
use crate::HeaderSection;

/// The service of a [`SenderRulesLayer`](super::SenderRulesLayer).
#[derive(Debug, Clone)]
pub struct SenderRulesService<S> {
    pub(super) inner: S,
    pub(super) rules: Arc<Rules>,
}

impl<S: SmtpService + Clone> Service<Request> for SenderRulesService<S> {
    type Response = Reply;
    type Error = S::Error;
    type Future = LayerFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request) -> Self::Future {
        let is_mine = matches!(request.command, Command::Mail(_) | Command::Data(_));
        let Some(identity) = request.session.identity().filter(|_| is_mine).cloned() else {
            return LayerFuture::pass(self.inner.call(request));
        };
        let rules = Arc::clone(&self.rules);
        // The one that is ready goes into the future; the one that stays is polled again.
        let stays = self.inner.clone();
        let mut ready = mem::replace(&mut self.inner, stays);
        LayerFuture::run(async move {
            match check(&rules, &identity, &mut request).await {
                Ok(()) => ready.call(request).await,
                Err(reply) => Ok(refuse(reply, &identity, request.command.verb(), &request.session)),
            }
        })
    }
}

/// # Errors
/// The refusal.
async fn check(rules: &Rules, identity: &Identity, request: &mut Request) -> Result<(), Reply> {
    match &mut request.command {
        Command::Mail(mail) => match &mail.path {
            ReversePath::Mailbox(address) => match rules.allow(&rules.user(identity), address).await? {
                true => Ok(()),
                false => Err(Reply::new(553, format!("5.7.1 <{address}> is not an address of yours"))),
            },
            _ if rules.null_sender => Ok(()),
            _ => Err(Reply::new(550, "5.7.1 users send with an address of theirs")),
        },
        Command::Data(body) => {
            let whole = mem::replace(body, Body::empty());
            let (section, whole) = HeaderSection::read(whole, rules.max_header).await?;
            *body = whole;
            header::check(rules, &rules.user(identity), &section).await
        }
        _ => Ok(()),
    }
}

fn refuse(reply: Reply, identity: &Identity, verb: &str, session: &Session) -> Reply {
    tracing::info!(
        policy = "sender-rules",
        verb,
        code = reply.code().get(),
        reply = ?reply.to_string(),
        identity = identity.name(),
        peer = %session.info().peer,
        "refused by policy"
    );
    reply
}
