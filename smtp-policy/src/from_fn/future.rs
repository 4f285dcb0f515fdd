use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use smtp_core::{BoxError, Reply};

use super::IntoReply;

pin_project! {
    /// The answer of a [`FromFnService`](super::FromFnService).
    pub struct FromFnFuture<Fut> {
        #[pin]
        pub(super) answer: Fut,
    }
}

impl<Fut: Future<Output: IntoReply>> Future for FromFnFuture<Fut> {
    type Output = Result<Reply, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().answer.poll(cx).map(IntoReply::into_reply)
    }
}
