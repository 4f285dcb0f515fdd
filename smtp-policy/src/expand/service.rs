use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{Capability, Command, LayerFuture, Reply, Request, SmtpService, release};
use tower_service::Service;

use super::{Directory, reply};
use crate::refusal;
use crate::trusted_clients::TrustedClients;

/// The service of an [`ExpandLayer`](super::ExpandLayer).
pub struct ExpandService<S, D> {
    inner: S,
    directory: Arc<D>,
    clients: Arc<TrustedClients>,
}

impl<S, D> ExpandService<S, D> {
    pub(super) fn new(inner: S, directory: Arc<D>, clients: Arc<TrustedClients>) -> Self {
        Self { inner, directory, clients }
    }
}

impl<S: SmtpService + Clone, D: Directory> Service<Request> for ExpandService<S, D> {
    type Response = Reply;
    type Error = S::Error;
    type Future = LayerFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match &request.command {
            Command::Vrfy(_) | Command::Expn(_) => {
                release(&mut self.inner);
                let (directory, clients) = (Arc::clone(&self.directory), Arc::clone(&self.clients));
                LayerFuture::run(async move {
                    clients.refresh().await;
                    if clients.include(&request.session) {
                        look_up(directory, request).await
                    } else {
                        Ok(refuse(&request))
                    }
                })
            }
            Command::Ehlo(_) | Command::Lhlo(_) if self.clients.include(&request.session) => {
                LayerFuture::edit(self.inner.call(request), offer_expn)
            }
            _ => LayerFuture::pass(self.inner.call(request)),
        }
    }
}

fn refuse(request: &Request) -> Reply {
    let verb = request.command.verb();
    let reply = reply::not_allowed(verb, &request.session);
    refusal::log("expand", verb, &reply, request.session.info().peer);
    reply
}

async fn look_up<D: Directory, E>(directory: Arc<D>, request: Request) -> Result<Reply, E> {
    let Request { command, session } = request;
    let answer = match &command {
        Command::Vrfy(query) => {
            let verification = directory.verify(query, &session).await;
            verification.map(|verification| reply::verified(verification, query))
        }
        Command::Expn(query) => {
            directory.expand(query, &session).await.map(|members| reply::expanded(members, query))
        }
        _ => Ok(reply::unverifiable()),
    };
    Ok(answer.unwrap_or_else(|error| reply::failed(command.verb(), error, &session)))
}

fn offer_expn(reply: &mut Reply) {
    if reply.is_positive() {
        reply.capabilities_mut().insert(Capability::new("EXPN"));
    }
}

impl<S: Clone, D> Clone for ExpandService<S, D> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.directory), Arc::clone(&self.clients))
    }
}

impl<S: fmt::Debug, D> fmt::Debug for ExpandService<S, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpandService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
