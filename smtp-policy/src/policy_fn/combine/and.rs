use smtp_core::{BoxFuture, Session};

use super::of;
use crate::policy_fn::{Decision, Policy};

/// Both policies; what [`PolicyLayer::and`](crate::PolicyLayer::and) makes.
#[derive(Debug, Clone)]
pub struct And<P, Q> {
    pub(in crate::policy_fn) first: P,
    pub(in crate::policy_fn) second: Q,
}

impl<A: Clone + Send + 'static, P: Policy<A>, Q: Policy<A>> Policy<A> for And<P, Q> {
    type Future = BoxFuture<Decision>;

    fn decide(&self, argument: A, session: Session) -> Self::Future {
        let second = self.second.clone();
        let first = self.first.decide(argument.clone(), session.clone());
        Box::pin(async move {
            let first = of::<P>(first.await);
            if first.reply().is_some() {
                return first;
            }
            first.and(of::<Q>(second.decide(argument, session).await))
        })
    }
}
