use std::task::{Context, Poll};

use smtp_core::{Command, LayerFuture, Mail, Recipient, Reply, Request, Route, Session, SmtpService};
use tower_service::Service;
use tracing::Instrument as _;

use super::Proxy;
use super::slot::Slot;
use crate::relay::failure;

/// The service of a [`Proxy`] in the session tier.
#[derive(Debug, Clone)]
pub struct ProxyService<S> {
    pub(super) inner: S,
    pub(super) proxy: Proxy,
}

impl<S> Service<Request> for ProxyService<S>
where
    S: SmtpService + Clone,
{
    type Response = Reply;
    type Error = S::Error;
    type Future = LayerFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        if !self.proxy.relay.has_fixed_next_hop() {
            return LayerFuture::pass(self.inner.call(request));
        }
        let session = request.session.clone();
        match &request.command {
            Command::Mail(mail) => {
                let (proxy, mail) = (self.proxy.clone(), mail.clone());
                let inner = self.inner.call(request);
                LayerFuture::run(async move { Ok(proxy.mail(inner.await?, mail, &session).await) })
            }
            Command::Rcpt(recipient) => {
                let (proxy, recipient) = (self.proxy.clone(), recipient.clone());
                let inner = self.inner.call(request);
                LayerFuture::run(async move { Ok(proxy.rcpt(inner.await?, recipient, &session).await) })
            }
            Command::Quit => {
                drop(Slot::of(&session).take());
                LayerFuture::pass(self.inner.call(request))
            }
            _ => LayerFuture::pass(self.inner.call(request)),
        }
    }
}

impl Proxy {
    /// MAIL, which the stack inside has answered.
    async fn mail(self, mut reply: Reply, mail: Mail, session: &Session) -> Reply {
        if !reply.is_positive() {
            return reply;
        }
        let mail = reply.take_effects().sender.unwrap_or(mail);
        let slot = Slot::of(session);
        let span = tracing::warn_span!("proxy");
        let begun = self.relay.begin(mail.clone(), session.server_name(), slot.take());
        let (begun, answer) = begun.instrument(span).await;
        if let Some(begun) = begun {
            slot.put(begun);
        }
        if answer.is_positive() { answer.and_sender(mail) } else { answer }
    }

    /// RCPT, likewise.
    async fn rcpt(self, mut reply: Reply, recipient: Recipient, session: &Session) -> Reply {
        let route = |reply: &Reply| reply.effects()?.recipient.as_ref()?.route;
        if !reply.is_positive() || route(&reply) != Some(Route::Relay) {
            return reply;
        }
        let recipient = reply.take_effects().recipient.unwrap_or(recipient);
        let slot = Slot::of(session);
        let Some(mut begun) = slot.take() else { return failure::broken() };
        let span = tracing::warn_span!("proxy");
        let answer = begun.rcpt(recipient.clone()).instrument(span).await;
        slot.put(begun);
        let answer = answer.unwrap_or_else(|broken| broken);
        if answer.is_positive() { answer.and_recipient(recipient) } else { answer }
    }
}
