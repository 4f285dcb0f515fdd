use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{Capability, Command, LayerFuture, Reply, Request, Session, SmtpService, release};
use tower_service::Service;

use super::layer::Settings;
use super::{Directory, reply};
use crate::refusal;

/// The service of an [`ExpandLayer`](super::ExpandLayer).
pub struct ExpandService<S, D> {
    inner: S,
    directory: Arc<D>,
    settings: Arc<Settings>,
}

impl<S, D> ExpandService<S, D> {
    pub(super) fn new(inner: S, directory: Arc<D>, settings: Arc<Settings>) -> Self {
        Self { inner, directory, settings }
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
                let (directory, settings) = (Arc::clone(&self.directory), Arc::clone(&self.settings));
                LayerFuture::run(async move {
                    settings.clients.refresh().await;
                    let is_vrfy = matches!(request.command, Command::Vrfy(_));
                    let session = &request.session;
                    if !settings.clients.include(session) {
                        let says_nothing = is_vrfy && settings.says_nothing;
                        return Ok(if says_nothing { reply::unverifiable() } else { refuse(&request) });
                    }
                    if count(session) <= settings.lookups {
                        return look_up(directory, request).await;
                    }
                    let reply = if is_vrfy { reply::unverifiable() } else { reply::too_many() };
                    refusal::log("expand", request.command.verb(), &reply, session.info().peer);
                    Ok(reply)
                })
            }
            Command::Ehlo(_) | Command::Lhlo(_) if self.settings.clients.include(&request.session) => {
                LayerFuture::edit(self.inner.call(request), offer_expn)
            }
            _ => LayerFuture::pass(self.inner.call(request)),
        }
    }
}

/// How often a session has looked up, in its typed map.
#[derive(Debug, Default)]
struct Lookups(u32);

fn count(session: &Session) -> u32 {
    session.connection().with(|Lookups(count)| {
        *count = count.saturating_add(1);
        *count
    })
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
        Self::new(self.inner.clone(), Arc::clone(&self.directory), Arc::clone(&self.settings))
    }
}

impl<S: fmt::Debug, D> fmt::Debug for ExpandService<S, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExpandService").field("inner", &self.inner).finish_non_exhaustive()
    }
}
