use std::any::type_name;
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use smtp_core::{BoxFuture, Session, Spool};
use tower_layer::Layer;

use super::combine::{And, Not, Or, When};
use super::content::{HeaderLimit, Spooling};
use super::{Decision, Headers, IntoDecision, Policy, PolicyService, Stage, WholeMessage};

/// Makes a policy of a function, and a layer of the policy.
///
/// The type of the first argument picks the moment, see [`Stage`]. The session is as it stood before the
/// command. What the function returns is a `Result<(), Reply>` or a [`Decision`]: after `Ok` the command goes
/// on into the stack; a reply in `Err` is the answer, and the stack below never sees the command. It need not
/// be a refusal: with a positive reply the policy accepts in the place of the stack below. A policy that wants
/// to delay its answer sleeps.
pub fn policy_fn<F, A, Fut>(function: F) -> PolicyLayer<F, A>
where
    F: Fn(A, Session) -> Fut + Clone + Send + Sync + 'static,
    A: Stage,
    Fut: Future<Output: IntoDecision> + Send + 'static,
{
    PolicyLayer::new(function)
}

/// A policy as a layer, and as a value to be combined with others.
///
/// ```
/// use smtp_core::{Recipient, Reply, Session};
/// use smtp_policy::policy_fn;
///
/// let known = policy_fn(|_: Recipient, session: Session| async move {
///     if session.identity().is_some() { Ok(()) } else { Err(Reply::new(550, "5.7.1 log in first")) }
/// })
/// .named("known");
/// let few = policy_fn(|_: Recipient, session: Session| async move {
///     match session.envelope().map_or(0, |envelope| envelope.recipients.len()) {
///         0..5 => Ok(()),
///         _ => Err(Reply::new(452, "4.5.3 no more than five")),
///     }
/// })
/// .named("few");
/// let layer = known.or(few).named("bulk");
/// # let _ = tower::ServiceBuilder::new().layer(layer);
/// ```
pub struct PolicyLayer<P, A: Stage> {
    pub(super) policy: P,
    /// A combination has none of its own until it is given one.
    pub(super) name: Option<Cow<'static, str>>,
    pub(super) settings: A::Settings,
    stage: PhantomData<fn(A)>,
}

impl<P: Policy<A>, A: Stage> PolicyLayer<P, A> {
    /// Makes a layer of a policy.
    pub fn new(policy: P) -> Self {
        let name = Some(Cow::Borrowed(type_name::<P>()));
        Self { policy, name, settings: A::Settings::default(), stage: PhantomData }
    }

    /// Names the policy in logs; until then it has the name of the function's type, and a combination those
    /// of its parts.
    #[must_use]
    pub fn named(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Accepts what both accept. The other is not asked about what this one refuses; what both change is
    /// changed.
    pub fn and<Q: Policy<A>>(self, other: Q) -> PolicyLayer<And<Self, Q>, A> {
        self.combined(|first| And { first, second: other })
    }

    /// Accepts what one of them accepts. The other is not asked about what this one accepts. What both refuse
    /// gets the first one's reply, unless that is for good and the other's is not.
    pub fn or<Q: Policy<A>>(self, other: Q) -> PolicyLayer<Or<Self, Q>, A> {
        self.combined(|first| Or { first, second: other })
    }

    /// Accepts what this one refuses for good, and refuses with this reply what it accepts. A temporary
    /// refusal stays one: there was no telling.
    pub fn not(self, code: u16, text: impl Into<Cow<'static, str>>) -> PolicyLayer<Not<Self>, A> {
        let text = text.into();
        self.combined(|policy| Not { policy, code, text })
    }

    /// Asks this policy only where the condition holds, and accepts everywhere else.
    pub fn when<C>(self, condition: C) -> PolicyLayer<When<C, Self>, A>
    where
        C: Fn(&A, &Session) -> bool + Clone + Send + Sync + 'static,
    {
        self.combined(|policy| When { condition, policy })
    }

    fn combined<Q: Policy<A>>(self, combine: impl FnOnce(Self) -> Q) -> PolicyLayer<Q, A> {
        let settings = self.settings.clone();
        PolicyLayer { settings, ..PolicyLayer::unnamed(combine(self)) }
    }

    pub(super) fn unnamed(policy: P) -> Self {
        Self { name: None, ..Self::new(policy) }
    }
}

impl<P: Policy<Headers>> PolicyLayer<P, Headers> {
    /// Refuses messages with a larger header. In octets; 64 KiB by default. In a combination that of the
    /// first counts.
    #[must_use]
    pub fn max_header_size(mut self, octets: usize) -> Self {
        self.settings = HeaderLimit(octets);
        self
    }
}

impl<S: Spool + Default, P: Policy<WholeMessage<S>>> PolicyLayer<P, WholeMessage<S>> {
    /// How messages are kept. In a combination that of the first counts.
    #[must_use]
    pub fn spool(mut self, spool: S) -> Self {
        self.settings = Spooling { spool, ..self.settings };
        self
    }

    /// Refuses larger messages. In octets; by default what the answer to EHLO says, and 25 MiB where that
    /// says nothing. In a combination that of the first counts.
    #[must_use]
    pub fn max_message_size(mut self, octets: u64) -> Self {
        self.settings.max = Some(octets);
        self
    }
}

impl<P: Policy<A>, A: Stage> Policy<A> for PolicyLayer<P, A> {
    type Future = BoxFuture<Decision>;

    fn decide(&self, argument: A, session: Session) -> Self::Future {
        let (decision, name) = (self.policy.decide(argument, session), self.name.clone());
        Box::pin(async move {
            let decision = decision.await;
            match name {
                Some(name) => decision.named(name),
                None => decision,
            }
        })
    }
}

impl<P: Policy<A>, A: Stage, S> Layer<S> for PolicyLayer<P, A> {
    type Service = PolicyService<S, P, A>;

    fn layer(&self, inner: S) -> Self::Service {
        PolicyService { inner, policy: self.clone() }
    }
}

impl<P: Clone, A: Stage> Clone for PolicyLayer<P, A> {
    fn clone(&self) -> Self {
        Self {
            policy: self.policy.clone(),
            name: self.name.clone(),
            settings: self.settings.clone(),
            stage: PhantomData,
        }
    }
}

impl<P, A: Stage> fmt::Debug for PolicyLayer<P, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PolicyLayer").field(&self.name).finish()
    }
}
