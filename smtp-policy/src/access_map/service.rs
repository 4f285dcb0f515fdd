use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{Command, LayerFuture, Reply, Request, Session, SmtpService, release};
use tower_service::Service;

use super::layer::Settings;
use super::verdict::{Verdict, judge, judge_late};
use super::{Quarantined, Remote};
use crate::discard;

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
            Command::Ehlo(_) | Command::Lhlo(_) => {
                let rules = self.settings.map.last_rules();
                match rules.features(&Remote::client(&request.session)).cloned() {
                    Some(features) => {
                        LayerFuture::edit(self.inner.call(request), move |reply| features.edit(reply))
                    }
                    None => LayerFuture::pass(self.inner.call(request)),
                }
            }
            command if is_judged(command) => {
                // The one that is ready goes into the future; the one that stays is polled again.
                let stays = self.inner.clone();
                let ready = mem::replace(&mut self.inner, stays);
                LayerFuture::run(check(ready, Arc::clone(&self.settings), request))
            }
            Command::Data(_) if request.session.transaction().get::<Discarded>().is_some() => {
                release(&mut self.inner);
                tracing::info!(policy = "access-map", peer = %request.session.info().peer, "message discarded by policy");
                LayerFuture::run(async { Ok(discard::swallow(request).await) })
            }
            _ => LayerFuture::pass(self.inner.call(request)),
        }
    }
}

/// Whether the map may have something against such commands.
fn is_judged(command: &Command) -> bool {
    use Command as C;
    match command {
        C::Connect | C::StartTls | C::Auth(_) | C::Vrfy(_) | C::Expn(_) | C::Mail(_) | C::Rcpt(_) => true,
        C::Other(other) => other.verb() == "ETRN",
        _ => false,
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
    let verdict = judge(&rules, &settings, command, session);
    let discards_recipient = verdict == Verdict::Discard && matches!(command, Command::Rcpt(_));
    if let Some(refused) = apply(verdict, &settings, command.verb(), session) {
        return Ok(refused);
    }
    if discards_recipient {
        return Ok(Reply::new(250, "2.1.5 recipient ok"));
    }
    let late = match (&request.command, settings.delay) {
        (Command::Rcpt(recipient), Some(which)) => Some((which, recipient.clone(), request.session.clone())),
        _ => None,
    };
    let reply = inner.call(request).await?;
    match late {
        Some((which, recipient, session)) if reply.is_positive() => {
            let verdict = judge_late(&rules, &settings, which, &recipient, &session);
            Ok(apply(verdict, &settings, "RCPT", &session).unwrap_or(reply))
        }
        _ => Ok(reply),
    }
}

/// The reply, if the command is refused; what has to be known later is noted.
fn apply(verdict: Verdict, settings: &Settings, verb: &str, session: &Session) -> Option<Reply> {
    match verdict {
        Verdict::Pass => None,
        Verdict::Refuse(reply, rule) => Some(refuse(reply, rule, verb, session)),
        Verdict::Quarantine(reason) if settings.marks_quarantined => {
            session.transaction().insert(Quarantined(reason));
            None
        }
        Verdict::Quarantine(reason) => {
            tracing::warn!(reason = &*reason, "the access map holds back a message; nothing here does");
            let reply = Reply::new(451, "4.7.1 message is to be held back, try again later");
            Some(refuse(reply, "QUARANTINE", verb, session))
        }
        Verdict::Discard => {
            session.transaction().insert(Discarded);
            None
        }
    }
}

fn refuse(reply: Reply, rule: &'static str, verb: &str, session: &Session) -> Reply {
    tracing::info!(
        policy = "access-map",
        verb,
        code = reply.code().get(),
        rule,
        reply = ?reply.to_string(),
        peer = %session.info().peer,
        "refused by policy"
    );
    reply
}
