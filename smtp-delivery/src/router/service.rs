use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use smtp_core::{
    BoxDelivery, BoxError, BoxFuture, DeliveryService, Domain, Mailbox, Message, Outcomes, Recipient, Reply,
    Route, Session,
};
use tower_service::Service;

use super::table::Table;
use crate::address::AddressKey;
use crate::{SpoolOptions, split};

/// Sends each recipient to one of several deliveries; see the [module](super).
///
/// What is looked for first: the address, the address without its detail, the domain, the nearest domain
/// above it, the conditions in their order, the route, and what is left for otherwise. Of two deliveries
/// for the same the later one holds. A recipient for whom there is none is refused with 550 5.4.4.
///
/// A message that goes one way only is passed on untouched. One that goes several ways is read whole
/// first, through [`Spooled`](crate::Spooled), and delivered all ways at the same time; what fails on one
/// does not fail on the others.
#[derive(Clone, Default)]
pub struct Router {
    table: Arc<Table>,
    spool: SpoolOptions,
}

impl Router {
    /// Without deliveries.
    pub fn new() -> Self {
        Self::default()
    }

    /// To `delivery` what is for these addresses. Case makes no difference.
    #[must_use]
    pub fn addresses(
        self,
        addresses: impl IntoIterator<Item = Mailbox>,
        delivery: impl DeliveryService + Clone + Sync,
    ) -> Self {
        self.with(delivery, |table, place| {
            table.addresses.extend(addresses.into_iter().map(|address| (AddressKey::of(&address), place)));
        })
    }

    /// To `delivery` what is for these domains, but not for those below them.
    #[must_use]
    pub fn domains(
        self,
        domains: impl IntoIterator<Item = Domain>,
        delivery: impl DeliveryService + Clone + Sync,
    ) -> Self {
        self.with(delivery, |table, place| {
            table.domains.extend(domains.into_iter().map(|domain| (domain, place)));
        })
    }

    /// To `delivery` what is for domains below these, at any depth.
    #[must_use]
    pub fn subdomains_of(
        self,
        domains: impl IntoIterator<Item = Domain>,
        delivery: impl DeliveryService + Clone + Sync,
    ) -> Self {
        self.with(delivery, |table, place| {
            table.subdomains.extend(domains.into_iter().map(|domain| (domain, place)));
        })
    }

    /// To `delivery` the recipients for whom a condition holds. It must not block.
    #[must_use]
    pub fn when(
        self,
        condition: impl Fn(&Recipient, &Session) -> bool + Send + Sync + 'static,
        delivery: impl DeliveryService + Clone + Sync,
    ) -> Self {
        self.with(delivery, |table, place| table.conditions.push((Arc::new(condition), place)))
    }

    /// To `delivery` the recipients with this route.
    #[must_use]
    pub fn route(self, route: Route, delivery: impl DeliveryService + Clone + Sync) -> Self {
        self.with(delivery, |table, place| {
            table.routes.insert(route, place);
        })
    }

    /// To `delivery` everybody else.
    #[must_use]
    pub fn otherwise(self, delivery: impl DeliveryService + Clone + Sync) -> Self {
        self.with(delivery, |table, place| table.otherwise = Some(place))
    }

    /// `joe+lists@example.org` goes where `joe@example.org` does, unless it has a delivery of its own
    /// (RFC 5233).
    #[must_use]
    pub fn detail_separator(mut self, separator: char) -> Self {
        Arc::make_mut(&mut self.table).detail_separator = Some(separator);
        self
    }

    /// How messages that go several ways are spooled.
    #[must_use]
    pub fn spool(mut self, options: SpoolOptions) -> Self {
        self.spool = options;
        self
    }

    fn with(
        mut self,
        delivery: impl DeliveryService + Clone + Sync,
        add: impl FnOnce(&mut Table, usize),
    ) -> Self {
        let table = Arc::make_mut(&mut self.table);
        table.deliveries.push(BoxDelivery::new(delivery));
        let place = table.deliveries.len() - 1;
        add(table, place);
        self
    }

    async fn deliver(self, message: Message) -> Result<Outcomes, BoxError> {
        let Self { table, spool } = self;
        let choose = |recipient| {
            let place = table.find(recipient, &message.session);
            place.ok_or_else(|| Reply::new(550, "5.4.4 no way to this recipient"))
        };
        let choices = message.envelope.recipients.iter().map(choose).collect();
        let hand_over = |place: usize, part| -> BoxFuture<_> {
            Box::pin(split::call(table.deliveries[place].clone(), part))
        };
        split::deliver(message, choices, &spool, hand_over).await
    }
}

impl Service<Message> for Router {
    type Response = Outcomes;
    type Error = BoxError;
    type Future = BoxFuture<Result<Outcomes, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // Which of them are needed is not known yet: each is waited for when it is.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, message: Message) -> Self::Future {
        Box::pin(self.clone().deliver(message))
    }
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("deliveries", &self.table.deliveries.len()).finish_non_exhaustive()
    }
}
