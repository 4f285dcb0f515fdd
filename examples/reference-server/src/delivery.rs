//! The way of a message behind the sessions.

use std::convert::Infallible;
use std::sync::Arc;

use smtp_server::delivery::bounce::Notifier;
use smtp_server::delivery::maildir::{MailboxTree, Quota};
use smtp_server::delivery::queue::{
    Builder, Capacity, Limits, QueueHandle, SqliteOptions, SqliteStore, Worker, by_domain,
};
use smtp_server::delivery::relay::mx::{DnsMx, Mx};
use smtp_server::delivery::relay::{LongLines, Pool};
use smtp_server::delivery::{
    ByRoute, HopLimitLayer, Maildir, Queue, ReceivedLayer, Relay, ReturnPathLayer, Router, SpoolOptions,
};
use smtp_server::policy::access_map::AccessTls;
use smtp_server::policy::aliases::Target;
use smtp_server::policy::{AliasDirectory, AliasLayer};
use smtp_server::{
    BoxDelivery, BoxError, BoxFuture, DeliveryService, ForwardPath, Mailbox, Message, Outcomes, Recipient,
    Reply, Route, Session,
};
use tower::{Layer as _, ServiceBuilder, ServiceExt as _, service_fn};

use crate::bootstrap::{POSTMASTER, Prepared};
use crate::config::{self, Config, Outbound, Place, about};
#[cfg(feature = "postgres")]
use crate::database;
use crate::journal::journal;
use crate::programs;
use crate::residents::{DETAIL, Residents};

/// Where sessions hand their messages, and who delivers what waits.
pub(crate) struct Deliveries {
    pub(crate) front: BoxDelivery,
    /// `None` where whoever sends waits until the message is delivered.
    pub(crate) queue: Option<QueueHandle>,
    pub(crate) worker: Option<Worker<BoxDelivery>>,
    /// Connections to other servers that wait for the next message.
    pub(crate) pool: Pool,
    /// Leaves the queue to the servers that share it.
    pub(crate) leave: Option<BoxFuture<()>>,
}

/// The deliveries of all listeners.
pub(crate) async fn deliveries(
    config: &Config,
    prepared: &Prepared,
    directory: &AliasDirectory<Residents>,
) -> Result<Deliveries, BoxError> {
    let aliases = AliasLayer::new(directory.clone()).spool(SpoolOptions::default());
    let pool = Pool::default();
    let mailboxes = ByRoute::new(local(config)?, relay(config, prepared, &pool)?);
    let programs = programs::delivery(config.programs.clone());
    let is_for_program = |recipient: &Recipient, _: &Session| programs::is_marked(recipient);
    let back = BoxDelivery::new(Router::new().when(is_for_program, programs).otherwise(mailboxes));
    let Some(queue) = &config.queue else {
        let front = front(aliases.targets(to_programs(back.clone())).layer(back));
        return Ok(Deliveries { front, queue: None, worker: None, pool, leave: None });
    };
    let (store, leave) = open(&queue.place).await?;
    let (queue, worker) = settings(store, config, queue)?.build(back);
    let handle = queue.handle();
    // Members of aliases wait each for itself, and notifications go where the sender's alias leads.
    let aliases = aliases.targets(to_programs(BoxDelivery::new(queue.clone())));
    let expanded = BoxDelivery::new(aliases.layer(queue));
    let worker = worker.notices_through(expanded.clone());
    Ok(Deliveries { front: front(expanded), queue: Some(handle), worker: Some(worker), pool, leave })
}

/// Members of aliases that are programs, by way of `inner`.
fn to_programs(inner: BoxDelivery) -> impl Fn(&Target) -> Option<BoxDelivery> + Send + Sync {
    move |target| match target {
        Target::Program(command) => {
            let command = command.clone();
            let mark = move |message| programs::marked(message, &command);
            Some(BoxDelivery::new(inner.clone().map_request(mark)))
        }
        _ => None,
    }
}

/// What every message passes first.
fn front(inner: impl DeliveryService + Clone + Sync) -> BoxDelivery {
    let service = ServiceBuilder::new().layer(HopLimitLayer::new()).layer(ReceivedLayer::new());
    BoxDelivery::new(service.service(journal(inner)))
}

fn settings(store: Builder, config: &Config, queue: &config::Queue) -> Result<Builder, BoxError> {
    let mut capacity = Capacity::default();
    capacity.messages = queue.messages;
    capacity.octets = queue.octets;
    let mut limits = Limits::default();
    limits.total = queue.deliveries;
    limits.destination = queue.deliveries_per_destination;
    let builder = store
        .schedule(queue.schedule)
        .notifier(Notifier::new(config.hostname.clone()).postmaster(postmaster(config)?))
        .capacity(capacity)
        .limits(limits.to(LOCAL, queue.deliveries_per_destination));
    let local = config.local_domains.clone();
    let builder = builder.notice_route(move |path: &ForwardPath| {
        let domain = path.mailbox().map(|mailbox| mailbox.domain());
        // The bare postmaster is ours.
        let is_local = domain.is_none_or(|domain| domain.is_some_and(|domain| local.contains(domain)));
        if is_local { Route::Local } else { Route::Relay }
    });
    // One server takes all that goes elsewhere: it has one limit, and is left alone as a whole.
    let next_hop: Option<Arc<str>> = next_hop(config).map(Into::into);
    Ok(builder.destination(move |recipient| match (&next_hop, recipient.route) {
        (Some(name), Some(Route::Relay)) => name.clone(),
        _ => programs::destination(recipient).unwrap_or_else(|| by_domain(recipient)),
    }))
}

/// The store, and how to leave it.
async fn open(place: &Place) -> Result<(Builder, Option<BoxFuture<()>>), BoxError> {
    match place {
        Place::Folder(folder) => {
            let store =
                SqliteStore::open(folder, SqliteOptions::default()).await.map_err(about("[queue] folder"))?;
            Ok((Queue::builder(store), None))
        }
        #[cfg(feature = "postgres")]
        Place::Postgres { address_file, ca } => {
            let store = database::open(address_file, ca.as_deref()).await?;
            let leave = store.clone();
            Ok((Queue::builder(store), Some(Box::pin(async move { leave.close().await }))))
        }
    }
}

/// Whether what the queue needs besides its folder can be read.
pub(crate) fn check(config: &Config) -> Result<(), BoxError> {
    match config.queue.as_ref().map(|queue| &queue.place) {
        #[cfg(feature = "postgres")]
        Some(Place::Postgres { address_file, ca }) => database::check(address_file, ca.as_deref()),
        _ => Ok(()),
    }
}

/// What the queue calls the one server that takes all that goes elsewhere.
pub(crate) fn next_hop(config: &Config) -> Option<String> {
    config.next_hop.as_ref().map(|(host, port)| format!("{host}:{port}"))
}

/// What the queue calls the mailboxes here.
const LOCAL: &str = "local";

fn local(config: &Config) -> Result<impl DeliveryService + Clone + Sync + use<>, BoxError> {
    let tree = MailboxTree::new(&config.mailboxes).detail_separator(DETAIL).postmaster(postmaster(config)?);
    let maildir = Maildir::with(tree);
    let maildir = match config.quota {
        Some(octets) => maildir.quota(Quota::new().bytes(octets)),
        None => maildir,
    };
    Ok(ServiceBuilder::new().layer(ReturnPathLayer::new()).service(maildir))
}

/// Who is asked for help, and gets what nobody else does.
fn postmaster(config: &Config) -> Result<Mailbox, BoxError> {
    let domain = config.local_domains.first().unwrap_or(&config.hostname);
    Ok(format!("{POSTMASTER}@{domain}").parse()?)
}

/// To other servers.
fn relay(config: &Config, prepared: &Prepared, pool: &Pool) -> Result<BoxDelivery, BoxError> {
    let relay = match (&config.next_hop, config.outbound) {
        (Some((host, port)), _) => Relay::to(host.as_str(), *port),
        (None, Outbound::Mx) => {
            let dns = match &config.name_servers[..] {
                [] => DnsMx::of_system()?,
                servers => DnsMx::with_servers(servers.iter().copied()),
            };
            // Keys in the DNS are worth no more than the records that lead to them.
            let dns = if config.relay_tls.dane { dns.validating(None)? } else { dns };
            Relay::by_mx(Mx::new(dns.build()?).own_name(config.hostname.clone()))
        }
        (None, Outbound::Off) => return Ok(BoxDelivery::new(service_fn(nowhere))),
    };
    let (relay, tls) = (relay.name(config.hostname.clone()), prepared.relay_tls.clone());
    let relay = match &config.access {
        Some(map) => relay.tls(AccessTls::new(map.clone(), tls)),
        None => relay.tls(tls),
    };
    // Longer lines than RFC 5321 section 4.5.3.1.6 allows are common. To divide them would break signatures.
    let relay = relay.long_lines(LongLines::PassOn);
    let relay = match &prepared.login {
        Some(login) => relay.auth(login.clone()),
        None => relay,
    };
    // Whoever waits for the outcome gains nothing by a connection that stays open.
    Ok(BoxDelivery::new(if config.queue.is_some() { relay.pool(pool.clone()) } else { relay }))
}

/// What the session tier lets nobody come to.
async fn nowhere(_: Message) -> Result<Outcomes, Infallible> {
    Ok(Reply::new(550, "5.4.4 this server passes no mail on to other domains").into())
}
