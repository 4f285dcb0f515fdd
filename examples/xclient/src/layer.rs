//! The extension itself.

use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_server::policy::IpNet;
use smtp_server::{Capability, Command, LayerFuture, Reply, Request, Session, SmtpService, release};
use tower::{Layer, Service};

use crate::attributes::Attributes;

/// Lets clients of these networks speak for others.
#[derive(Debug, Clone)]
pub(crate) struct XclientLayer {
    proxies: Arc<[IpNet]>,
}

impl XclientLayer {
    pub(crate) fn new(proxies: impl IntoIterator<Item = IpNet>) -> Self {
        Self { proxies: proxies.into_iter().collect() }
    }
}

impl<S> Layer<S> for XclientLayer {
    type Service = Xclient<S>;

    fn layer(&self, inner: S) -> Xclient<S> {
        Xclient { inner, proxies: self.proxies.clone() }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Xclient<S> {
    inner: S,
    proxies: Arc<[IpNet]>,
}

impl<S: SmtpService + Clone> Service<Request> for Xclient<S> {
    type Response = Reply;
    type Error = S::Error;
    type Future = LayerFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match &request.command {
            Command::Ehlo(_) if self.trusts(&request.session) => {
                LayerFuture::edit(self.inner.call(request), |reply| {
                    if reply.is_positive() {
                        let capability = Capability::new("XCLIENT").argument(Attributes::OFFERED);
                        reply.capabilities_mut().insert(capability);
                    }
                })
            }
            Command::Other(unknown) if unknown.verb() == "XCLIENT" => {
                let reply = self.answer(unknown.arguments(), &request.session);
                release(&mut self.inner);
                LayerFuture::answer(reply)
            }
            _ => LayerFuture::pass(self.inner.call(request)),
        }
    }
}

impl<S> Xclient<S> {
    fn trusts(&self, session: &Session) -> bool {
        session.peer_ip().is_some_and(|address| self.proxies.iter().any(|proxy| proxy.contains(&address)))
    }

    fn answer(&self, arguments: &str, session: &Session) -> Reply {
        if !self.trusts(session) {
            return Reply::new(550, "5.7.1 not for you");
        }
        if session.envelope().is_some() {
            return Reply::new(503, "5.5.1 not within a mail transaction");
        }
        let Some(attributes) = Attributes::parse(arguments) else {
            return Reply::new(501, "5.5.4 malformed attribute, or one that was not offered");
        };
        // The driver greets the client anew in its place.
        let reply = Reply::new(220, "").and_restart(attributes.apply(session.info()));
        match attributes.identity() {
            None => reply,
            Some(identity) => reply.and_authenticate(identity),
        }
    }
}
