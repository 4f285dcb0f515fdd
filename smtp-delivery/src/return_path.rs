//! The `Return-Path:` field of final delivery.

use std::task::{Context, Poll};

use smtp_core::{Message, Outcomes};
use tower_layer::Layer;
use tower_service::Service;

/// Puts `Return-Path: <sender>` in front of each message, as the server that makes final delivery
/// does (RFC 5321 section 4.4). It belongs around local deliveries only, never around a relay.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use std::sync::Arc;
/// use smtp_core::testing::{RecordingDelivery, facts, sender};
/// use smtp_core::{Envelope, Message};
/// use smtp_delivery::ReturnPathLayer;
/// use tower::{Layer, ServiceExt};
///
/// let mailbox = RecordingDelivery::new();
/// let delivery = ReturnPathLayer::new().layer(mailbox.clone());
/// let envelope = Arc::new(Envelope::new(sender("joe@example.org")));
/// delivery.oneshot(Message::new(envelope, "\r\nhello\r\n".into(), facts().session().clone())).await?;
/// assert_eq!(mailbox.messages()[0].content, b"Return-Path: <joe@example.org>\r\n\r\nhello\r\n");
/// # Ok::<(), smtp_core::BodyError>(()) }).unwrap();
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ReturnPathLayer;

impl ReturnPathLayer {
    /// The layer; there is nothing to configure.
    pub fn new() -> Self {
        Self
    }
}

impl<S> Layer<S> for ReturnPathLayer {
    type Service = ReturnPath<S>;

    fn layer(&self, inner: S) -> ReturnPath<S> {
        ReturnPath { inner }
    }
}

/// The service of [`ReturnPathLayer`].
#[derive(Debug, Clone, Copy)]
pub struct ReturnPath<S> {
    inner: S,
}

impl<S> Service<Message> for ReturnPath<S>
where
    S: Service<Message, Response = Outcomes>,
{
    type Response = Outcomes;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut message: Message) -> S::Future {
        let field = format!("Return-Path: {}\r\n", message.envelope.sender.path);
        message.body = message.body.prepend(field);
        self.inner.call(message)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use smtp_core::Envelope;
    use smtp_core::testing::{RecordingDelivery, facts, sender};

    use super::*;

    #[tokio::test]
    async fn notifications_have_an_empty_path() {
        let mailbox = RecordingDelivery::new();
        let mut delivery = ReturnPathLayer::new().layer(mailbox.clone());
        let envelope = Arc::new(Envelope::new(sender("")));
        let message = Message::new(envelope, "x\r\n".into(), facts().session().clone());
        delivery.call(message).await.unwrap();
        assert_eq!(mailbox.messages()[0].content, b"Return-Path: <>\r\nx\r\n");
    }
}
