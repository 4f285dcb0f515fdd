use std::task::{Context, Poll};

use smtp_core::{BoxError, BoxFuture, DeliveryService, Message, Outcomes};
use tower_service::Service;

use crate::{SpoolOptions, Spooled, outcome, split};

/// Tries a first delivery, and for the recipients that it defers (4xx, or an error) a second one. What
/// the first one delivers or refuses for good stays so.
///
/// A delivery that breaks off when the message is through may have delivered it: such a message arrives
/// twice. Nest it for a third. The message is read whole first, through [`Spooled`].
#[derive(Debug, Clone)]
pub struct Fallback<F, S> {
    first: F,
    second: S,
    spool: SpoolOptions,
}

impl<F, S> Fallback<F, S> {
    /// `first`, or else `second`.
    pub fn new(first: F, second: S) -> Self {
        Self { first, second, spool: SpoolOptions::default() }
    }

    /// How messages are spooled.
    #[must_use]
    pub fn spool(mut self, options: SpoolOptions) -> Self {
        self.spool = options;
        self
    }
}

impl<F: DeliveryService, S: DeliveryService> Fallback<F, S> {
    async fn deliver(self, message: Message) -> Result<Outcomes, BoxError> {
        let Message { envelope, body, session } = message;
        let count = envelope.recipients.len();
        let spooled = Spooled::read(body, &self.spool).await?;
        let message = Message::new(envelope.clone(), spooled.body(), session.clone());
        let outcomes = match split::call(self.first, message).await {
            Ok(outcomes) => outcomes,
            Err(error) => outcome::from_error(error).into(),
        };
        let mut replies = outcome::into_each(outcomes, count);
        let deferred: Vec<usize> = (0..count).filter(|index| replies[*index].is_transient()).collect();
        if deferred.is_empty() {
            return Ok(outcome::from_each(replies));
        }
        tracing::info!(recipients = deferred.len(), outcome = %replies[deferred[0]], "falling back");
        let message = Message::new(split::part(&envelope, &deferred), spooled.body(), session);
        let outcomes = split::call(self.second, message).await?;
        for (index, reply) in deferred.iter().zip(outcome::into_each(outcomes, deferred.len())) {
            replies[*index] = reply;
        }
        Ok(outcome::from_each(replies))
    }
}

impl<F, S> Service<Message> for Fallback<F, S>
where
    F: DeliveryService + Clone,
    S: DeliveryService + Clone,
{
    type Response = Outcomes;
    type Error = BoxError;
    type Future = BoxFuture<Result<Outcomes, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // A first delivery that is not ready is no reason to try the second: it is waited for.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Message) -> Self::Future {
        Box::pin(self.clone().deliver(message))
    }
}
