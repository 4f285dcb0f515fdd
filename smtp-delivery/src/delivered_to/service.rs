use std::collections::HashSet;
use std::task::{Context, Poll};

use bytes::Bytes;
use smtp_core::{BoxError, BoxFuture, DeliveryService, ForwardPath, Message, Outcomes, Recipient, Reply};
use tower_service::Service;

use crate::header::{Head, fields};
use crate::{SpoolOptions, Spooled, outcome, split};

const FIELD: &str = "Delivered-To";

/// The service of [`DeliveredToLayer`](super::DeliveredToLayer).
#[derive(Debug, Clone)]
pub struct DeliveredTo<S> {
    pub(super) inner: S,
    pub(super) spool: SpoolOptions,
}

impl<S: DeliveryService + Clone> DeliveredTo<S> {
    async fn deliver(self, message: Message) -> Result<Outcomes, BoxError> {
        let Message { envelope, body, session } = message;
        let head = Head::read(body).await?;
        let known: HashSet<String> = fields(&head.header)
            .filter(|field| field.is(FIELD))
            .map(|field| written(field.value()))
            .collect();
        let was_there = |recipient: &Recipient| known.contains(&address(recipient).to_lowercase());
        let header = head.header.clone();
        if let [recipient] = &envelope.recipients[..] {
            if was_there(recipient) {
                return Ok(in_circles().into());
            }
            let body = head.into_body(with_field(recipient, &header));
            return split::call(self.inner, Message::new(envelope, body, session)).await;
        }
        let spooled = Spooled::read(head.into_body(header), &self.spool).await?;
        let mut replies = Vec::with_capacity(envelope.recipients.len());
        for (index, recipient) in envelope.recipients.iter().enumerate() {
            if was_there(recipient) {
                replies.push(in_circles());
                continue;
            }
            let body = spooled.body().prepend(with_field(recipient, b""));
            let part = Message::new(split::part(&envelope, &[index]), body, session.clone());
            let outcomes = split::call(self.inner.clone(), part).await;
            replies.push(outcomes.map_or_else(outcome::from_error, Outcomes::fold));
        }
        Ok(outcome::from_each(replies))
    }
}

fn in_circles() -> Reply {
    Reply::new(554, "5.4.6 mail for this address goes in circles")
}

fn address(recipient: &Recipient) -> String {
    match &recipient.path {
        ForwardPath::Mailbox(mailbox) => mailbox.to_string(),
        ForwardPath::Postmaster => "postmaster".to_owned(),
    }
}

/// An address in a field, as it is compared.
fn written(value: &[u8]) -> String {
    String::from_utf8_lossy(value).trim().to_lowercase()
}

fn with_field(recipient: &Recipient, header: &[u8]) -> Bytes {
    let field = format!("{FIELD}: {}\r\n", address(recipient));
    [field.as_bytes(), header].concat().into()
}

impl<S: DeliveryService + Clone> Service<Message> for DeliveredTo<S> {
    type Response = Outcomes;
    type Error = BoxError;
    type Future = BoxFuture<Result<Outcomes, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // It is called for each recipient, and waited for each time.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Message) -> Self::Future {
        Box::pin(self.clone().deliver(message))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use smtp_core::testing::{RecordingDelivery, facts, recipient, sender};
    use smtp_core::{Body, BodyErrorKind, Envelope};
    use tower_layer::Layer as _;

    use super::*;
    use crate::DeliveredToLayer;

    fn message(recipients: &[&str], body: impl Into<Body>) -> Message {
        let mut envelope = Envelope::new(sender("joe@example.com"));
        envelope.recipients = recipients.iter().copied().map(recipient).collect();
        Message::new(Arc::new(envelope), body.into(), facts().session().clone())
    }

    #[tokio::test]
    async fn each_recipient_has_a_field_and_a_loop_of_its_own() {
        let mailboxes = RecordingDelivery::new();
        let mut delivery = DeliveredToLayer::new().layer(mailboxes.clone());
        let content = "Subject: x\r\ndelivered-to:\r\n B@X \r\n\r\nDelivered-To: a@x\r\n";
        let outcomes = delivery.call(message(&["a@x", "b@x", "postmaster"], content)).await.unwrap();
        let Outcomes::Each(each) = outcomes else { panic!("{outcomes:?}") };
        assert_eq!(each.iter().map(|reply| reply.code().get()).collect::<Vec<_>>(), [250, 554, 250]);
        for (message, address) in mailboxes.messages().iter().zip(["a@x", "postmaster"]) {
            let expected = format!("Delivered-To: {address}\r\n{content}");
            assert_eq!(String::from_utf8_lossy(&message.content), expected);
            assert_eq!(message.envelope.recipients.len(), 1);
        }
    }

    #[tokio::test]
    async fn a_body_that_breaks_goes_nowhere() {
        let mailboxes = RecordingDelivery::new();
        for recipients in [&["a@x"][..], &["a@x", "b@x"]] {
            let (mut writer, body) = Body::channel();
            writer.fail(BodyErrorKind::Disconnected);
            let outcome = DeliveredToLayer::new().layer(mailboxes.clone()).call(message(recipients, body));
            assert!(outcome.await.is_err());
        }
        assert!(mailboxes.messages().is_empty());
    }
}
