use std::task::{Context, Poll};

use smtp_core::{BoxError, BoxFuture, DeliveryService, Message, Outcomes, Reply};
use tower_service::Service;

use super::RewriteLayer;
use super::rewritten::Rewritten;

/// The service of [`RewriteLayer`].
#[derive(Debug, Clone)]
pub struct Rewrite<S> {
    pub(super) inner: S,
    pub(super) maps: RewriteLayer,
}

impl<S: DeliveryService + Clone> Service<Message> for Rewrite<S> {
    type Response = Outcomes;
    type Error = BoxError;
    type Future = BoxFuture<Result<Outcomes, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut message: Message) -> Self::Future {
        // The one that is ready goes into the future; the one that stays is polled again.
        let stays = self.inner.clone();
        let mut ready = std::mem::replace(&mut self.inner, stays);
        let maps = self.maps.clone();
        Box::pin(async move {
            let rewritten = match Rewritten::of(&message.envelope, &maps).await {
                Ok(rewritten) => rewritten,
                Err(refusal) => return Ok(refusal.into()),
            };
            if rewritten.envelope.recipients.is_empty() {
                return Ok(rewritten.outcomes(Reply::new(554, "5.5.1 no valid recipients").into()));
            }
            message.envelope = rewritten.envelope.clone();
            let outcomes = ready.call(message).await.map_err(Into::into)?;
            Ok(rewritten.outcomes(outcomes))
        })
    }
}
