use std::borrow::Cow;

use smtp_core::{BoxFuture, Reply, Session};

use super::of;
use crate::policy_fn::{Decision, Policy};

/// The contrary; what [`PolicyLayer::not`](crate::PolicyLayer::not) makes.
#[derive(Debug, Clone)]
pub struct Not<P> {
    pub(in crate::policy_fn) policy: P,
    pub(in crate::policy_fn) code: u16,
    pub(in crate::policy_fn) text: Cow<'static, str>,
}

impl<A: Send + 'static, P: Policy<A>> Policy<A> for Not<P> {
    type Future = BoxFuture<Decision>;

    fn decide(&self, argument: A, session: Session) -> Self::Future {
        let decision = self.policy.decide(argument, session);
        let (code, text) = (self.code, self.text.clone());
        Box::pin(async move {
            let decision = of::<P>(decision.await);
            let contrary = match decision.reply() {
                Some(reply) if reply.is_transient() => return decision,
                Some(reply) if reply.is_permanent() => Decision::accept(),
                _ => Decision::refuse(Reply::new(code, text)),
            };
            contrary.decided_as(decision)
        })
    }
}
