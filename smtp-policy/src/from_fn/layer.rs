use std::any::type_name;
use std::fmt;

use smtp_core::Request;
use tower_layer::Layer;

use super::{FromFnService, IntoReply, Next};

/// Makes a layer of a function that is called with each command and the rest of the stack.
///
/// The function may answer by itself, change the command before [`Next::run`], or change the
/// reply after it. It returns a [`Reply`](smtp_core::Reply) or a `Result<Reply, BoxError>`.
///
/// To refuse one kind of command [`policy_fn`](crate::policy_fn()) is shorter, and costs other
/// commands nothing.
pub fn from_fn<F, Fut, R>(function: F) -> FromFnLayer<F>
where
    F: Fn(Request, Next) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = R> + Send + 'static,
    R: IntoReply,
{
    FromFnLayer { function }
}

/// The layer that [`from_fn`] makes.
#[derive(Clone)]
pub struct FromFnLayer<F> {
    function: F,
}

impl<F: Clone, S> Layer<S> for FromFnLayer<F> {
    type Service = FromFnService<S, F>;

    fn layer(&self, inner: S) -> Self::Service {
        FromFnService { inner, function: self.function.clone() }
    }
}

impl<F> fmt::Debug for FromFnLayer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FromFnLayer").field(&format_args!("{}", type_name::<F>())).finish()
    }
}
