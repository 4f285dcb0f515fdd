use std::task::{Context, Poll};

use smtp_core::{BodyError, BoxFuture, Message, Outcomes};
use tower_service::Service;
use tracing::Instrument as _;

use super::Proxy;
use super::slot::Slot;

impl Service<Message> for Proxy {
    type Response = Outcomes;
    type Error = BodyError;
    type Future = BoxFuture<Result<Outcomes, BodyError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BodyError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Message) -> Self::Future {
        let slot = Slot::of(&message.session);
        let begun = slot.take().filter(|begun| begun.is_by(&self.relay) && begun.is_for(&message.envelope));
        let Some(mut begun) = begun else {
            // The connection, if there was one, has taken leave: the next hop forgets what it accepted.
            return self.relay.call(message);
        };
        let content = async move {
            let answer = begun.content(message.body).await;
            slot.put(begun);
            answer.map(Outcomes::from)
        };
        Box::pin(content.instrument(tracing::warn_span!("proxy")))
    }
}
