use std::task::{Context, Poll};

use smtp_core::{Body, BoxError, BoxFuture, DeliveryService, Envelope, Message, Outcomes, Reply, Session};
use tower_service::Service;

use super::split::{Split, part};
use crate::{SpoolOptions, Spooled, outcome};

/// Divides recipients by their [`Route`](smtp_core::Route): local ones to one delivery, those to
/// be relayed to another. A recipient without a route is refused with 550 5.7.1.
///
/// A message that goes one way only is passed on untouched. One that goes both ways is read whole
/// first, through [`Spooled`], and delivered both ways at the same time; what fails on one way
/// does not fail on the other.
#[derive(Debug, Clone)]
pub struct ByRoute<L, R> {
    local: L,
    relay: R,
    spool: SpoolOptions,
}

impl<L, R> ByRoute<L, R> {
    /// Local recipients to `local`, the others to `relay`.
    pub fn new(local: L, relay: R) -> Self {
        Self { local, relay, spool: SpoolOptions::default() }
    }

    /// How messages that go both ways are spooled.
    #[must_use]
    pub fn spool(mut self, options: SpoolOptions) -> Self {
        self.spool = options;
        self
    }
}

impl<L, R> ByRoute<L, R>
where
    L: DeliveryService + Clone,
    R: DeliveryService + Clone,
{
    async fn deliver(self, message: Message) -> Result<Outcomes, BoxError> {
        let split = Split::of(&message.envelope);
        let Message { envelope, body, session } = message;
        let (to_local, to_relay) = (part(&envelope, &split.local), part(&envelope, &split.relay));
        let (local, relay) = match (split.local.is_empty(), split.relay.is_empty()) {
            (true, true) => (Vec::new(), Vec::new()),
            (false, true) => (one_way(self.local, to_local, body, session).await?, Vec::new()),
            (true, false) => (Vec::new(), one_way(self.relay, to_relay, body, session).await?),
            (false, false) => {
                let spooled = Spooled::read(body, &self.spool).await?;
                let local = one_way(self.local, to_local, spooled.body(), session.clone());
                let relay = one_way(self.relay, to_relay, spooled.body(), session);
                let counts = (split.local.len(), split.relay.len());
                let (local, relay) = futures::join!(local, relay);
                (settled(local, counts.0), settled(relay, counts.1))
            }
        };
        Ok(outcome::from_each(split.merge(local, relay)))
    }
}

/// Delivers to one side.
async fn one_way(
    mut service: impl DeliveryService,
    envelope: std::sync::Arc<Envelope>,
    body: Body,
    session: Session,
) -> Result<Vec<Reply>, BoxError> {
    let count = envelope.recipients.len();
    std::future::poll_fn(|cx| service.poll_ready(cx)).await.map_err(Into::into)?;
    let outcomes = service.call(Message::new(envelope, body, session)).await.map_err(Into::into)?;
    Ok(outcome::into_each(outcomes, count))
}

/// With two ways, an error of one is an outcome of its recipients.
fn settled(replies: Result<Vec<Reply>, BoxError>, count: usize) -> Vec<Reply> {
    replies.unwrap_or_else(|error| outcome::into_each(outcome::from_error(error).into(), count))
}

impl<L, R> Service<Message> for ByRoute<L, R>
where
    L: DeliveryService + Clone,
    R: DeliveryService + Clone,
{
    type Response = Outcomes;
    type Error = BoxError;
    type Future = BoxFuture<Result<Outcomes, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Which of the two is needed is not known yet: each is waited for when it is.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Message) -> Self::Future {
        Box::pin(self.clone().deliver(message))
    }
}
