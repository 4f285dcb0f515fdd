//! Reads messages and forgets them.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use smtp_core::{Body, BodyError, Message, Outcomes, Reply};
use tower_service::Service;

/// A delivery that reads each message to its end, keeps nothing and answers 250: for test sinks
/// and measurements.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use smtp_core::testing::{facts, recipient, sender};
/// use smtp_core::{Envelope, Message};
/// use smtp_delivery::Discard;
/// use tower::ServiceExt;
///
/// let mut envelope = Envelope::new(sender("joe@example.org"));
/// envelope.recipients.push(recipient("jane@example.org"));
/// let message = Message::new(Arc::new(envelope), "hello\r\n".into(), facts().session().clone());
/// let outcomes = Discard.oneshot(message).await?;
/// assert_eq!(outcomes.fold().to_string(), "250 2.0.0 OK");
/// # Ok::<(), smtp_core::BodyError>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Discard;

impl Service<Message> for Discard {
    type Response = Outcomes;
    type Error = BodyError;
    type Future = DiscardFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Message) -> DiscardFuture {
        DiscardFuture { body: message.body }
    }
}

/// The future of [`Discard`].
#[derive(Debug)]
pub struct DiscardFuture {
    body: Body,
}

impl Future for DiscardFuture {
    type Output = Result<Outcomes, BodyError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        while let Some(chunk) = ready!(Pin::new(&mut self.body).poll_next(cx)) {
            chunk?;
        }
        Poll::Ready(Ok(Reply::new(250, "2.0.0 OK").into()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use smtp_core::testing::{facts, sender};
    use smtp_core::{BodyErrorKind, Envelope};

    use super::*;

    #[tokio::test]
    async fn a_body_that_breaks_is_an_error() {
        let (writer, body) = Body::channel();
        drop(writer);
        let envelope = Arc::new(Envelope::new(sender("")));
        let answer = Discard.call(Message::new(envelope, body, facts().session().clone())).await;
        assert_eq!(answer, Err(BodyErrorKind::Disconnected.into()));
    }
}
