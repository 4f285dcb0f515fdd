use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{Command, LayerFuture, Reply, Request, SmtpService, release};
use tower_service::Service;

use super::Quarantined;
use super::layer::Settings;
use super::verdict::{Verdict, judge};

/// The service of an [`AccessMapLayer`](super::AccessMapLayer).
#[derive(Debug, Clone)]
pub struct AccessMapService<S> {
    inner: S,
    settings: Arc<Settings>,
}

/// Stands in the transaction of a message that is thrown away.
#[derive(Debug, Clone, Copy)]
struct Discarded;

impl<S> AccessMapService<S> {
    pub(super) fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }
}

impl<S: SmtpService + Clone> Service<Request> for AccessMapService<S> {
    type Response = Reply;
    type Error = S::Error;
    type Future = LayerFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        match &request.command {
            Command::Connect
            | Command::Auth(_)
            | Command::Vrfy(_)
            | Command::Expn(_)
            | Command::Mail(_)
            | Command::Rcpt(_) => {
                // The one that is ready goes into the future; the one that stays is polled again.
                let stays = self.inner.clone();
                let ready = mem::replace(&mut self.inner, stays);
                LayerFuture::run(check(ready, Arc::clone(&self.settings), request))
            }
            Command::Data(_) if request.session.transaction().get::<Discarded>().is_some() => {
                release(&mut self.inner);
                LayerFuture::run(swallow(request))
            }
            _ => LayerFuture::pass(self.inner.call(request)),
        }
    }
}

async fn check<S: SmtpService>(
    mut inner: S,
    settings: Arc<Settings>,
    request: Request,
) -> Result<Reply, S::Error> {
    let rules = settings.map.rules().await;
    let Request { command, session } = &request;
    if matches!(command, Command::Mail(_)) {
        // What was said of a sender who was refused later is forgotten.
        session.transaction().remove::<Discarded>();
        session.transaction().remove::<Quarantined>();
    }
    match judge(&rules, &settings, command, session) {
        Verdict::Pass => {}
        Verdict::Refuse(reply, rule) => return Ok(refuse(reply, rule, &request)),
        Verdict::Quarantine(reason) if !settings.marks_quarantined => {
            tracing::warn!(reason = &*reason, "the access map holds back a message; nothing here does");
            let reply = Reply::new(451, "4.7.1 message is to be held back, try again later");
            return Ok(refuse(reply, "QUARANTINE", &request));
        }
        Verdict::Quarantine(reason) => {
            session.transaction().insert(Quarantined(reason));
        }
        Verdict::Discard => {
            session.transaction().insert(Discarded);
            if matches!(command, Command::Rcpt(_)) {
                return Ok(Reply::new(250, "2.1.5 recipient ok"));
            }
        }
    }
    inner.call(request).await
}

fn refuse(reply: Reply, rule: &'static str, request: &Request) -> Reply {
    tracing::info!(
        policy = "access-map",
        verb = request.command.verb(),
        code = reply.code().get(),
        rule,
        reply = ?reply.to_string(),
        peer = %request.session.info().peer,
        "refused by policy"
    );
    reply
}

/// Reads a message to its end and forgets it.
async fn swallow<E>(request: Request) -> Result<Reply, E> {
    let Request { command, session } = request;
    let Command::Data(mut body) = command else { return Ok(Reply::new(451, "4.3.0 try again later")) };
    while let Some(chunk) = body.next().await {
        if let Err(error) = chunk {
            return Ok(error.reply());
        }
    }
    tracing::info!(policy = "access-map", peer = %session.info().peer, "message discarded by policy");
    Ok(Reply::new(250, "2.0.0 message accepted for delivery"))
}
