use smtp_core::{BoxFuture, Reply, Session};

use super::of;
use crate::policy_fn::{Decision, Policy};

/// Either policy; what [`PolicyLayer::or`](crate::PolicyLayer::or) makes.
#[derive(Debug, Clone)]
pub struct Or<P, Q> {
    pub(in crate::policy_fn) first: P,
    pub(in crate::policy_fn) second: Q,
}

impl<A: Clone + Send + 'static, P: Policy<A>, Q: Policy<A>> Policy<A> for Or<P, Q> {
    type Future = BoxFuture<Decision>;

    fn decide(&self, argument: A, session: Session) -> Self::Future {
        let second = self.second.clone();
        let first = self.first.decide(argument.clone(), session.clone());
        Box::pin(async move {
            let first = of::<P>(first.await);
            if first.accepts() {
                return first;
            }
            let second = of::<Q>(second.decide(argument, session).await);
            // What may be accepted later must not be refused for good.
            let hopeful = first.reply().is_some_and(Reply::is_permanent)
                && second.reply().is_some_and(Reply::is_transient);
            if second.accepts() || hopeful { second } else { first }
        })
    }
}
