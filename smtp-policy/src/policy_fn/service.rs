use std::fmt;
use std::mem;
use std::task::{Context, Poll};

use smtp_core::{Command, Reply, Request, SmtpService, release};
use tower_service::Service;

use super::changes::After;
use super::outcome::{Outcome, follow, follow_notes};
use super::stage::Arrival;
use super::{Policy, PolicyFuture, PolicyLayer, Stage};
use crate::discard;

/// The service of a [`PolicyLayer`]: asks a policy before it calls the inner service, or after.
pub struct PolicyService<S, P, A: Stage> {
    pub(super) inner: S,
    pub(super) policy: PolicyLayer<P, A>,
}

impl<S, P, A> Service<Request> for PolicyService<S, P, A>
where
    S: SmtpService + Clone,
    P: Policy<A>,
    A: Stage,
{
    type Response = Reply;
    type Error = S::Error;
    type Future = PolicyFuture<S, P::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let (request, after) = match &request.command {
            Command::Data(_) => match follow_notes(request) {
                Outcome::Pass(request, after) => (request, after),
                Outcome::Swallow(request) => {
                    release(&mut self.inner);
                    return PolicyFuture::running(async { Ok(discard::swallow(request).await) });
                }
                Outcome::Answer(reply) => {
                    release(&mut self.inner);
                    return PolicyFuture::running(async { Ok(reply) });
                }
            },
            _ => (request, None),
        };
        let policy = &self.policy;
        match A::arrival(&request) {
            Arrival::Elsewhere => PolicyFuture::passed(self.inner.call(request), after),
            Arrival::Here(argument) => {
                let decision = policy.policy.decide(argument, request.session.clone());
                let name = policy.name.clone();
                PolicyFuture::asked(name, A::SCOPE, decision, self.take_ready(), request, after)
            }
            Arrival::InContent => {
                let (policy, ready) = (policy.clone(), self.take_ready());
                PolicyFuture::running(async move {
                    let reply = ask_of_content(policy, ready, request).await?;
                    Ok(finish(after, reply))
                })
            }
            Arrival::InReply => {
                let (policy, ready) = (policy.clone(), self.take_ready());
                PolicyFuture::running(ask_of_reply(policy, ready, request))
            }
        }
    }
}

impl<S: Clone, P, A: Stage> PolicyService<S, P, A> {
    /// The one that is ready goes into the future; the one that stays is polled again.
    fn take_ready(&mut self) -> S {
        let stays = self.inner.clone();
        mem::replace(&mut self.inner, stays)
    }
}

fn finish(after: Option<Box<After>>, reply: Reply) -> Reply {
    match after {
        Some(after) => after.finish(reply),
        None => reply,
    }
}

async fn ask_of_content<S, P, A>(
    policy: PolicyLayer<P, A>,
    mut ready: S,
    request: Request,
) -> Result<Reply, S::Error>
where
    S: SmtpService,
    P: Policy<A>,
    A: Stage,
{
    let (argument, request) = match A::read(request, policy.settings).await {
        Ok(read) => read,
        Err(reply) => return Ok(reply),
    };
    let decision = policy.policy.decide(argument, request.session.clone()).await;
    match follow(decision, policy.name.as_ref(), A::SCOPE, request) {
        Outcome::Answer(reply) => Ok(reply),
        Outcome::Swallow(request) => Ok(discard::swallow(request).await),
        Outcome::Pass(request, after) => {
            let reply = ready.call(request).await?;
            Ok(finish(after, reply))
        }
    }
}

async fn ask_of_reply<S, P, A>(
    policy: PolicyLayer<P, A>,
    mut ready: S,
    request: Request,
) -> Result<Reply, S::Error>
where
    S: SmtpService,
    P: Policy<A>,
    A: Stage,
{
    let session = request.session.clone();
    let reply = ready.call(request).await?;
    let Some(argument) = A::of_reply(&reply) else { return Ok(reply) };
    let decision = policy.policy.decide(argument, session.clone()).await;
    // What was asked is over; the decision is about the session that follows.
    let request = Request::new(Command::Noop, session);
    Ok(match follow(decision, policy.name.as_ref(), A::SCOPE, request) {
        Outcome::Answer(refusal) => refusal,
        Outcome::Pass(_, after) => finish(after, reply),
        Outcome::Swallow(_) => reply,
    })
}

impl<S: Clone, P: Clone, A: Stage> Clone for PolicyService<S, P, A> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), policy: self.policy.clone() }
    }
}

impl<S: fmt::Debug, P, A: Stage> fmt::Debug for PolicyService<S, P, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyService")
            .field("policy", &self.policy.name)
            .field("inner", &self.inner)
            .finish()
    }
}
