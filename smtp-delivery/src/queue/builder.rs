use std::sync::Arc;
use std::time::SystemTime;

use smtp_core::{BoxDelivery, DeliveryService, ForwardPath, Recipient, Route};

use super::notices::Notices;
use super::shared::{ByRecipient, Clock, News, Shared};
use super::{Limits, Queue, RetrySchedule, Store, Worker};
use crate::bounce::Notifier;

/// How much a queue takes before it answers 452 4.3.1. The notifications that it writes itself it takes
/// also then: without them it could not be rid of what fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capacity {
    /// The number of messages: one million.
    pub messages: u64,
    /// The octets of all messages: 10 GiB.
    pub octets: u64,
}

impl Default for Capacity {
    fn default() -> Self {
        Self { messages: 1_000_000, octets: 10 << 30 }
    }
}

/// Makes a queue; see [`Queue::builder`].
#[derive(Clone)]
pub struct Builder {
    store: Arc<dyn Store>,
    schedule: RetrySchedule,
    limits: Limits,
    capacity: Capacity,
    destination: ByRecipient<Arc<str>>,
    notices: Notices,
    clock: Clock,
}

impl Builder {
    pub(super) fn new(store: impl Store) -> Self {
        Self {
            store: Arc::new(store),
            schedule: RetrySchedule::default(),
            limits: Limits::default(),
            capacity: Capacity::default(),
            destination: Arc::new(by_domain),
            notices: Notices::default(),
            clock: Arc::new(SystemTime::now),
        }
    }

    /// When messages are tried again, and for how long.
    #[must_use]
    pub fn schedule(mut self, schedule: RetrySchedule) -> Self {
        self.schedule = schedule;
        self
    }

    /// How much is delivered at the same time.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How much is taken.
    #[must_use]
    pub fn capacity(mut self, capacity: Capacity) -> Self {
        self.capacity = capacity;
        self
    }

    /// What recipients have in common that are delivered together and share limits. Without this, what
    /// [`by_domain`] says: local recipients have `local`, and others their domain. Where everything goes to one next hop, that
    /// should be its name.
    #[must_use]
    pub fn destination<N: Into<Arc<str>>>(
        mut self,
        name: impl Fn(&Recipient) -> N + Send + Sync + 'static,
    ) -> Self {
        self.destination = Arc::new(move |recipient| name(recipient).into());
        self
    }

    /// Who writes the notifications: without this, one with the name of the server that received the
    /// message. When senders hear of delays says the [schedule](RetrySchedule::delay_notice).
    #[must_use]
    pub fn notifier(mut self, notifier: Notifier) -> Self {
        self.notices.notifier = Some(notifier);
        self
    }

    /// The routes of those to whom notifications go: they enter the queue like any other message. Without
    /// this, they are relayed.
    #[must_use]
    pub fn notice_route(mut self, route: impl Fn(&ForwardPath) -> Route + Send + Sync + 'static) -> Self {
        self.notices.route = Arc::new(route);
        self
    }

    /// What time it is: for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// The two halves, around this delivery.
    pub fn build<D: DeliveryService + Clone>(self, inner: D) -> (Queue, Worker<D>) {
        let shared = Arc::new(Shared {
            store: self.store,
            schedule: self.schedule,
            limits: self.limits,
            capacity: self.capacity,
            destination: self.destination,
            notices: self.notices,
            turns: Default::default(),
            news: News::default(),
            clock: self.clock,
        });
        let queue = Queue::of(shared.clone());
        (queue.clone(), Worker::new(shared, inner, BoxDelivery::new(queue)))
    }
}

/// The destination of those who are not relayed to.
pub(super) const LOCAL: &str = "local";

/// The destination of a recipient for a queue that was told nothing else: `local` unless it is relayed, its
/// domain otherwise.
pub fn by_domain(recipient: &Recipient) -> Arc<str> {
    match (recipient.route, recipient.path.mailbox()) {
        (Some(Route::Relay), Some(mailbox)) => match mailbox.domain() {
            Some(domain) => match domain.to_ascii().to_ascii_lowercase() {
                // A domain of that name, which does not answer, keeps no mailbox waiting.
                name if name == LOCAL => "local.".into(),
                name => name.into(),
            },
            None => mailbox.host().to_string().into(),
        },
        _ => LOCAL.into(),
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("schedule", &self.schedule).finish_non_exhaustive()
    }
}
