use std::task::{Context, Poll};

use smtp_core::{BoxError, BoxFuture, DeliveryService, Message, Outcomes, Recipient, Reply, Route};
use tower_service::Service;

use crate::{SpoolOptions, split};

const LOCAL: usize = 0;
const RELAY: usize = 1;

/// Divides recipients by their [`Route`](smtp_core::Route): local ones to one delivery, those to
/// be relayed to another. A recipient without a route is refused with 550 5.7.1.
///
/// A message that goes one way only is passed on untouched. One that goes both ways is read whole
/// first, through [`Spooled`](crate::Spooled), and delivered both ways at the same time; what fails on one way
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
        let Self { local, relay, spool } = self;
        let choices = message.envelope.recipients.iter().map(choose).collect();
        split::deliver(message, choices, &spool, move |way, part| match way {
            LOCAL => Box::pin(split::call(local.clone(), part)),
            _ => Box::pin(split::call(relay.clone(), part)),
        })
        .await
    }
}

fn choose(recipient: &Recipient) -> Result<usize, Reply> {
    match recipient.route {
        Some(Route::Local) => Ok(LOCAL),
        Some(Route::Relay) => Ok(RELAY),
        // A route of which nothing is known here is as good as none.
        _ => Err(Reply::new(550, "5.7.1 relaying denied")),
    }
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
