use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use smtp_core::Session;

use super::{Decision, IntoDecision};

/// What decides at the stage `A` of a session: a function of [`policy_fn`](super::policy_fn()), policies that
/// were combined, or a type of your own, which becomes a layer by [`PolicyLayer::new`](super::PolicyLayer::new).
///
/// ```
/// use std::future::{Ready, ready};
/// use smtp_core::{Hello, Reply, Session};
/// use smtp_policy::{Decision, Policy, PolicyLayer};
///
/// #[derive(Clone)]
/// struct NotCalled(&'static str);
///
/// impl Policy<Hello> for NotCalled {
///     type Future = Ready<Decision>;
///
///     fn decide(&self, hello: Hello, _: Session) -> Self::Future {
///         ready(match hello.name() == self.0 {
///             true => Decision::refuse(Reply::new(550, "5.7.1 not you")),
///             false => Decision::accept(),
///         })
///     }
/// }
///
/// let layer = PolicyLayer::new(NotCalled("spam.example"));
/// # let _ = tower::ServiceBuilder::new().layer(layer);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no policy for the stage `{A}`",
    note = "a policy is a function `async fn(stage, Session) -> Result<(), Reply>`, or one that returns a \
            `Decision`; policies that are combined are for the same stage"
)]
pub trait Policy<A>: Clone + Send + Sync + 'static {
    /// What becomes the decision.
    type Future: Future<Output = Decision> + Send + 'static;

    /// Decides. The session is as it stood before the command.
    fn decide(&self, argument: A, session: Session) -> Self::Future;
}

impl<F, A, Fut> Policy<A> for F
where
    F: Fn(A, Session) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: IntoDecision> + Send + 'static,
{
    type Future = DecisionFuture<Fut>;

    fn decide(&self, argument: A, session: Session) -> Self::Future {
        DecisionFuture { answer: self(argument, session) }
    }
}

pin_project! {
    /// The decision of a function.
    #[derive(Debug)]
    pub struct DecisionFuture<Fut> {
        #[pin]
        answer: Fut,
    }
}

impl<Fut: Future<Output: IntoDecision>> Future for DecisionFuture<Fut> {
    type Output = Decision;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Decision> {
        self.project().answer.poll(cx).map(IntoDecision::into_decision)
    }
}
