use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{Command, LayerFuture, Recipient, Reply, Request, Session, SmtpService, release};
use tower_service::Service;

use super::rules::{Denied, Rules};
use crate::access_map::AccessRules;

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
        if !matches!(request.command, Command::Rcpt(_)) {
            return LayerFuture::pass(self.inner.call(request));
        }
        if let Some(map) = &self.rules.access {
            let (map, rules) = (map.clone(), Arc::clone(&self.rules));
            // The one that is ready goes into the future; the one that stays is polled again.
            let stays = self.inner.clone();
            let mut ready = mem::replace(&mut self.inner, stays);
            return LayerFuture::run(async move {
                let access = map.rules().await;
                match set_route(&rules, &mut request, Some(&access)) {
                    Ok(()) => ready.call(request).await,
                    Err(reply) => Ok(reply),
                }
            });
        }
        match set_route(&self.rules, &mut request, None) {
            Ok(()) => LayerFuture::pass(self.inner.call(request)),
            Err(reply) => {
                release(&mut self.inner);
                LayerFuture::answer(reply)
            }
        }
    }
}

fn set_route(rules: &Rules, request: &mut Request, access: Option<&AccessRules>) -> Result<(), Reply> {
    let Command::Rcpt(recipient) = &mut request.command else { return Ok(()) };
    match rules.route(recipient, &request.session, access) {
        Ok(route) => {
            recipient.route = Some(route);
            Ok(())
        }
        Err(denied) => {
            let reply = denied.reply(recipient);
            log(denied, recipient, &reply, &request.session);
            Err(reply)
        }
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
