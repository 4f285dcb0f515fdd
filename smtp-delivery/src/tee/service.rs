use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{
    BoxError, BoxFuture, DeliveryService, Envelope, Message, Outcomes, Recipient, Reply, Session,
};
use tower_service::Service;

use super::TeeLayer;
use crate::{Spooled, outcome, split};

/// The service of [`TeeLayer`].
#[derive(Debug, Clone)]
pub struct Tee<S, C> {
    pub(super) inner: S,
    pub(super) settings: TeeLayer<C>,
}

impl<S, C> Service<Message> for Tee<S, C>
where
    S: DeliveryService + Clone,
    C: DeliveryService + Clone,
{
    type Response = Outcomes;
    type Error = BoxError;
    type Future = BoxFuture<Result<Outcomes, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, message: Message) -> Self::Future {
        // The one that is ready goes into the future; the one that stays is polled again.
        let stays = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, stays);
        let settings = self.settings.clone();
        Box::pin(async move {
            let Message { envelope, body, session } = message;
            let spooled = Spooled::read(body, &settings.spool).await?;
            if settings.required {
                required(ready, settings, envelope, spooled, session).await
            } else {
                best_effort(ready, settings, envelope, spooled, session).await
            }
        })
    }
}

/// The copy first, and nothing without it.
async fn required<S: DeliveryService, C: DeliveryService>(
    mut main: S,
    settings: TeeLayer<C>,
    envelope: Arc<Envelope>,
    spooled: Spooled,
    session: Session,
) -> Result<Outcomes, BoxError> {
    let copied = settings.copy(&envelope, &envelope.recipients, &spooled, &session).await;
    if !copied {
        return Ok(Reply::new(451, "4.3.0 no copy can be kept now, try again later").into());
    }
    main.call(Message::new(envelope, spooled.body(), session)).await.map_err(Into::into)
}

/// The message first, and a copy of what was delivered.
async fn best_effort<S: DeliveryService, C: DeliveryService>(
    mut main: S,
    settings: TeeLayer<C>,
    envelope: Arc<Envelope>,
    spooled: Spooled,
    session: Session,
) -> Result<Outcomes, BoxError> {
    let message = Message::new(envelope.clone(), spooled.body(), session.clone());
    let outcomes = main.call(message).await.map_err(Into::into)?;
    let replies = outcome::into_each(outcomes, envelope.recipients.len());
    let taken = replies.iter().zip(&envelope.recipients).filter(|(reply, _)| reply.is_positive());
    let recipients: Vec<Recipient> = taken.map(|(_, recipient)| recipient.clone()).collect();
    if !recipients.is_empty() {
        settings.copy(&envelope, &recipients, &spooled, &session).await;
    }
    Ok(outcome::from_each(replies))
}

impl<C: DeliveryService> TeeLayer<C> {
    /// Whether the copy arrived at all of its recipients.
    async fn copy(
        self,
        envelope: &Envelope,
        recipients: &[Recipient],
        spooled: &Spooled,
        session: &Session,
    ) -> bool {
        let recipients = self.recipients.unwrap_or_else(|| recipients.to_vec());
        let envelope = Arc::new(Envelope { sender: envelope.sender.clone(), recipients });
        let failure =
            match split::call(self.copy, Message::new(envelope, spooled.body(), session.clone())).await {
                Ok(outcomes) => Some(outcomes.fold()).filter(|worst| !worst.is_positive()),
                Err(error) => Some(outcome::from_error(error)),
            };
        if let Some(outcome) = &failure {
            tracing::error!(%outcome, "no copy of a message was made");
        }
        failure.is_none()
    }
}
