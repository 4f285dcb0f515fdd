use std::fmt;
use std::sync::Arc;

use smtp_core::{BoxFuture, Session};

use super::of;
use crate::policy_fn::{Decision, Policy, PolicyLayer, Stage};

/// The policies of several cases, of which the first that fits decides.
///
/// ```
/// use smtp_core::{Mail, Reply, Session};
/// use smtp_policy::{first_match, policy_fn};
///
/// let allow = policy_fn(|_: Mail, _: Session| async { Ok(()) }).named("users");
/// let refuse = policy_fn(|_: Mail, _: Session| async { Err(Reply::new(550, "5.7.1 no")) }).named("strangers");
/// let later = policy_fn(|_: Mail, _: Session| async { Err(Reply::new(450, "4.7.1 later")) }).named("bounces");
/// let layer = first_match()
///     .when(|_: &Mail, session: &Session| session.identity().is_some(), allow)
///     .when(|mail: &Mail, _: &Session| mail.path.is_null(), later)
///     .otherwise(refuse);
/// # let _ = tower::ServiceBuilder::new().layer(layer);
/// ```
pub fn first_match<A: Stage>() -> FirstMatch<A> {
    FirstMatch { cases: Vec::new() }
}

/// Cases, in the order in which they are looked at; see [`first_match`].
#[must_use = "it is a policy once `otherwise` says what becomes of the rest"]
pub struct FirstMatch<A> {
    cases: Vec<Case<A>>,
}

/// Cases, and what becomes of the rest: what [`FirstMatch::otherwise`] makes.
pub struct Cases<A> {
    cases: Arc<[Case<A>]>,
    otherwise: Decide<A>,
}

type Condition<A> = Arc<dyn Fn(&A, &Session) -> bool + Send + Sync>;
type Decide<A> = Arc<dyn Fn(A, Session) -> BoxFuture<Decision> + Send + Sync>;

struct Case<A> {
    condition: Condition<A>,
    decide: Decide<A>,
}

impl<A: Stage> FirstMatch<A> {
    /// This policy decides where the condition holds, and no earlier one did.
    pub fn when<P: Policy<A>>(
        mut self,
        condition: impl Fn(&A, &Session) -> bool + Send + Sync + 'static,
        policy: P,
    ) -> Self {
        self.cases.push(Case { condition: Arc::new(condition), decide: erased(policy) });
        self
    }

    /// This one decides about the rest.
    pub fn otherwise<P: Policy<A>>(self, policy: P) -> PolicyLayer<Cases<A>, A> {
        PolicyLayer::unnamed(Cases { cases: self.cases.into(), otherwise: erased(policy) })
    }
}

fn erased<A: Stage, P: Policy<A>>(policy: P) -> Decide<A> {
    Arc::new(move |argument, session| {
        let decision = policy.decide(argument, session);
        Box::pin(async move { of::<P>(decision.await) })
    })
}

impl<A: Stage> Policy<A> for Cases<A> {
    type Future = BoxFuture<Decision>;

    fn decide(&self, argument: A, session: Session) -> Self::Future {
        let case = self.cases.iter().find(|case| (case.condition)(&argument, &session));
        case.map_or(&self.otherwise, |case| &case.decide)(argument, session)
    }
}

impl<A> Clone for Cases<A> {
    fn clone(&self) -> Self {
        Self { cases: Arc::clone(&self.cases), otherwise: Arc::clone(&self.otherwise) }
    }
}

impl<A> fmt::Debug for Cases<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cases({})", self.cases.len())
    }
}

impl<A> fmt::Debug for FirstMatch<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FirstMatch({} cases)", self.cases.len())
    }
}
