//! Recipients whose mail is accepted and thrown away.

use std::sync::Arc;

use smtp_core::{Body, BodyError, DeliveryService, Envelope, Message, Outcomes, Recipient, Reply, Route};
use tower::util::Oneshot;

/// The recipients of an envelope, without those whose mail is thrown away.
pub(super) struct Kept {
    pub(super) envelope: Arc<Envelope>,
    /// For each recipient of before, whether it was kept; empty if all were.
    kept: Vec<bool>,
}

impl Kept {
    pub(super) fn of(envelope: &Arc<Envelope>) -> Self {
        let is_kept = |recipient: &Recipient| recipient.route != Some(Route::Discard);
        if envelope.recipients.iter().all(is_kept) {
            return Self { envelope: Arc::clone(envelope), kept: Vec::new() };
        }
        let recipients = envelope.recipients.iter().filter(|recipient| is_kept(recipient)).cloned().collect();
        let kept = envelope.recipients.iter().map(is_kept).collect();
        Self { envelope: Arc::new(Envelope { sender: envelope.sender.clone(), recipients }), kept }
    }

    pub(super) fn are_all(&self) -> bool {
        self.kept.is_empty()
    }

    /// Delivers to those who are kept, if there are any.
    pub(super) async fn deliver<D: DeliveryService>(
        self,
        delivery: impl FnOnce(Message) -> Oneshot<D, Message>,
        message: Message,
    ) -> Result<Outcomes, smtp_core::BoxError> {
        if self.envelope.recipients.is_empty() {
            swallow(message.body).await?;
            return Ok(discarded().into());
        }
        let message = Message { envelope: Arc::clone(&self.envelope), ..message };
        Ok(self.merge(delivery(message).await.map_err(Into::into)?))
    }

    /// Outcomes for all recipients of before.
    fn merge(&self, outcomes: Outcomes) -> Outcomes {
        let mut replies = match outcomes {
            Outcomes::All(reply) => return reply.into(),
            Outcomes::Each(replies) => replies.into_iter(),
        };
        let missing = || Reply::new(451, "4.3.0 the delivery gave no outcome");
        let each = self.kept.iter().map(|kept| match kept {
            true => replies.next().unwrap_or_else(missing),
            false => discarded(),
        });
        Outcomes::Each(each.collect())
    }
}

async fn swallow(mut body: Body) -> Result<(), BodyError> {
    while let Some(chunk) = body.next().await {
        chunk?;
    }
    Ok(())
}

fn discarded() -> Reply {
    Reply::new(250, "2.0.0 message accepted for delivery")
}
