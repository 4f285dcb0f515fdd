use smtp_core::{BoxFuture, Session};

use super::of;
use crate::policy_fn::{Decision, Policy};

/// A policy under a condition; what [`PolicyLayer::when`](crate::PolicyLayer::when) makes.
#[derive(Debug, Clone)]
pub struct When<C, P> {
    pub(in crate::policy_fn) condition: C,
    pub(in crate::policy_fn) policy: P,
}

impl<A, C, P> Policy<A> for When<C, P>
where
    A: Send + 'static,
    C: Fn(&A, &Session) -> bool + Clone + Send + Sync + 'static,
    P: Policy<A>,
{
    type Future = BoxFuture<Decision>;

    fn decide(&self, argument: A, session: Session) -> Self::Future {
        if !(self.condition)(&argument, &session) {
            return Box::pin(std::future::ready(Decision::accept()));
        }
        let decision = self.policy.decide(argument, session);
        Box::pin(async move { of::<P>(decision.await) })
    }
}
