//! The two kinds of services that a mail server is stacked from.

use std::any::Any;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use tower_service::Service;

use crate::{Message, Outcomes, Reply, Request};

/// Any error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A boxed future without borrows.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A service of the session tier: one command in, one reply out.
///
/// An alias: every `Service<Request, Response = Reply>` with suitable bounds implements it.
///
/// A layer of one's own is a service around another one. This one counts commands:
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use std::task::{Context, Poll};
///
/// use smtp_core::{Reply, Request, SmtpService};
/// use tower_service::Service;
///
/// #[derive(Clone)]
/// struct Counted<S> {
///     inner: S,
///     commands: Arc<AtomicUsize>,
/// }
///
/// impl<S: SmtpService> Service<Request> for Counted<S> {
///     type Response = Reply;
///     type Error = S::Error;
///     type Future = S::Future;
///
///     fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
///         self.inner.poll_ready(cx)
///     }
///
///     fn call(&mut self, request: Request) -> S::Future {
///         self.commands.fetch_add(1, Ordering::Relaxed);
///         self.inner.call(request)
///     }
/// }
///
/// let commands = Arc::<AtomicUsize>::default();
/// let counter = commands.clone();
/// let layer = tower_layer::layer_fn(move |inner| Counted { inner, commands: counter.clone() });
/// # fn is_layer<S>(_: impl tower_layer::Layer<S, Service = Counted<S>>) {}
/// # is_layer::<smtp_core::BoxSmtpService>(layer);
/// ```
///
/// One that answers by itself, or edits replies, has [`LayerFuture`](crate::LayerFuture) for its
/// future.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no service of the session tier",
    note = "it must be a `Service<Request, Response = Reply>` with an error that converts into \
            `BoxError`, and both it and its futures must be `Send + 'static`"
)]
pub trait SmtpService:
    Service<Request, Response = Reply, Error: Into<BoxError> + Send, Future: Send + 'static> + Send + 'static
{
}

impl<S> SmtpService for S where
    S: Service<Request, Response = Reply, Error: Into<BoxError> + Send, Future: Send + 'static>
        + Send
        + 'static
{
}

/// A service of the delivery tier: one message in, its outcomes out.
///
/// An alias: every `Service<Message, Response = Outcomes>` with suitable bounds implements it, an
/// async function in tower's `service_fn` too:
///
/// ```
/// use smtp_core::{BodyError, Message, Outcomes, Reply};
///
/// async fn measure(mut message: Message) -> Result<Outcomes, BodyError> {
///     let mut size = 0;
///     while let Some(chunk) = message.body.next().await {
///         size += chunk?.len();
///     }
///     Ok(Reply::new(250, format!("2.0.0 {size} octets")).into())
/// }
/// ```
///
/// 250 means that the message cannot be lost any more. A body that ended with an error was not
/// received whole: pass the error on, as `?` does here, and keep nothing.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no service of the delivery tier",
    note = "it must be a `Service<Message, Response = Outcomes>` with an error that converts \
            into `BoxError`, and both it and its futures must be `Send + 'static`"
)]
pub trait DeliveryService:
    Service<Message, Response = Outcomes, Error: Into<BoxError> + Send, Future: Send + 'static> + Send + 'static
{
}

impl<S> DeliveryService for S where
    S: Service<Message, Response = Outcomes, Error: Into<BoxError> + Send, Future: Send + 'static>
        + Send
        + 'static
{
}

/// Gives back what a service reserved when it became ready.
///
/// A layer that answers in the place of its inner service calls this: otherwise a place in a
/// concurrency limit, say, stays taken until the next command of this client, which may never come.
///
/// ```
/// use smtp_core::release;
/// # #[derive(Clone)] struct Service;
/// # let mut inner = Service;
/// release(&mut inner);
/// ```
pub fn release<S: Clone>(ready: &mut S) {
    // A clone has reserved nothing yet; the one that has is dropped.
    *ready = ready.clone();
}

trait CloneService<R, T>: Send + Sync {
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>>;
    fn call(&mut self, request: R) -> BoxFuture<Result<T, BoxError>>;
    fn clone_box(&self) -> Box<dyn CloneService<R, T>>;
}

impl<S, R, T> CloneService<R, T> for S
where
    S: Service<R, Response = T, Error: Into<BoxError> + Send, Future: Send + 'static>
        + Clone
        + Send
        + Sync
        + 'static,
{
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Service::poll_ready(self, cx).map_err(Into::into)
    }

    fn call(&mut self, request: R) -> BoxFuture<Result<T, BoxError>> {
        let answer = Service::call(self, request);
        Box::pin(async move { answer.await.map_err(Into::into) })
    }

    fn clone_box(&self) -> Box<dyn CloneService<R, T>> {
        Box::new(self.clone())
    }
}

macro_rules! boxed {
    ($(#[$docs:meta])* $name:ident, $alias:ident, $request:ty, $response:ty) => {
        $(#[$docs])*
        pub struct $name(Box<dyn CloneService<$request, $response>>);

        impl $name {
            /// Erases the type of `service`. What is boxed already stays as it is.
            pub fn new(service: impl $alias + Clone + Sync) -> Self {
                match (&service as &dyn Any).downcast_ref::<Self>() {
                    Some(boxed) => boxed.clone(),
                    None => Self(Box::new(service)),
                }
            }
        }

        impl Service<$request> for $name {
            type Response = $response;
            type Error = BoxError;
            type Future = BoxFuture<Result<$response, BoxError>>;

            fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
                self.0.poll_ready(cx)
            }

            fn call(&mut self, request: $request) -> Self::Future {
                self.0.call(request)
            }
        }

        impl Clone for $name {
            fn clone(&self) -> Self {
                Self(self.0.clone_box())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

boxed! {
    /// A session service of any type.
    BoxSmtpService, SmtpService, Request, Reply
}
boxed! {
    /// A delivery service of any type.
    BoxDelivery, DeliveryService, Message, Outcomes
}
