use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;

use smtp_core::{Reply, Session};
use tower_layer::Layer;

use super::{PolicyService, Stage};

/// Makes a layer of a function that lets a command pass with `Ok` or answers it with `Err`.
///
/// The type of the first argument picks the command, see [`Stage`]. The session is as it stood
/// before the command. After `Ok` the command goes on into the stack; a reply in `Err` is the
/// answer, and the stack below never sees the command. It need not be a refusal: with a positive
/// reply the policy accepts in the place of the stack below.
pub fn policy_fn<F, A, Fut>(function: F) -> PolicyLayer<F, A>
where
    F: Fn(A, Session) -> Fut + Clone + Send + Sync + 'static,
    A: Stage,
    Fut: Future<Output = Result<(), Reply>> + Send + 'static,
{
    PolicyLayer { policy: Policy { function, name: type_name::<F>(), stage: PhantomData } }
}

/// The layer that [`policy_fn`] makes.
pub struct PolicyLayer<F, A> {
    policy: Policy<F, A>,
}

/// A function, the name under which it refuses, and its stage.
pub(super) struct Policy<F, A> {
    pub(super) function: F,
    pub(super) name: &'static str,
    stage: PhantomData<fn(A)>,
}

impl<F, A> PolicyLayer<F, A> {
    /// Names the policy in logs; until then it has the name of the function's type.
    #[must_use]
    pub fn named(mut self, name: &'static str) -> Self {
        self.policy.name = name;
        self
    }
}

impl<F: Clone, A, S> Layer<S> for PolicyLayer<F, A> {
    type Service = PolicyService<S, F, A>;

    fn layer(&self, inner: S) -> Self::Service {
        PolicyService { inner, policy: self.policy.clone() }
    }
}

impl<F: Clone, A> Clone for PolicyLayer<F, A> {
    fn clone(&self) -> Self {
        Self { policy: self.policy.clone() }
    }
}

impl<F: Clone, A> Clone for Policy<F, A> {
    fn clone(&self) -> Self {
        Self { function: self.function.clone(), name: self.name, stage: PhantomData }
    }
}

impl<F, A> fmt::Debug for PolicyLayer<F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PolicyLayer").field(&self.policy.name).finish()
    }
}
