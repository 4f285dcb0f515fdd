use std::fmt;
use std::future::Ready;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use smtp_core::{BoxFuture, Capability, Reply};

pin_project! {
    /// The answer of [`AuthService`](super::AuthService). Only an AUTH exchange is boxed.
    pub struct ResponseFuture<F, E> {
        #[pin]
        answer: Answer<F, E>,
    }
}

pin_project! {
    #[project = AnswerProjection]
    enum Answer<F, E> {
        Inner { #[pin] future: F, offered: Option<Capability> },
        Own { #[pin] future: Ready<Result<Reply, E>> },
        Exchange { future: BoxFuture<Result<Reply, E>> },
    }
}

impl<F, E> ResponseFuture<F, E> {
    /// The inner service's answer as it is.
    pub(super) fn pass(future: F) -> Self {
        Self::greet(future, None)
    }

    /// The inner service's answer to EHLO, with this capability if it is positive.
    pub(super) fn greet(future: F, offered: Option<Capability>) -> Self {
        Self { answer: Answer::Inner { future, offered } }
    }

    /// An answer that is there.
    pub(super) fn answer(reply: Reply) -> Self {
        Self { answer: Answer::Own { future: std::future::ready(Ok(reply)) } }
    }

    /// The answer that an exchange ends with.
    pub(super) fn exchange(future: impl Future<Output = Result<Reply, E>> + Send + 'static) -> Self {
        Self { answer: Answer::Exchange { future: Box::pin(future) } }
    }
}

impl<F, E> Future for ResponseFuture<F, E>
where
    F: Future<Output = Result<Reply, E>>,
{
    type Output = Result<Reply, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().answer.project() {
            AnswerProjection::Inner { future, offered } => {
                let mut reply = ready!(future.poll(cx))?;
                if let Some(capability) = offered.take().filter(|_| reply.is_positive()) {
                    reply.capabilities_mut().insert(capability);
                }
                Poll::Ready(Ok(reply))
            }
            AnswerProjection::Own { future } => future.poll(cx),
            AnswerProjection::Exchange { future } => future.as_mut().poll(cx),
        }
    }
}

impl<F, E> fmt::Debug for ResponseFuture<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
