//! The stack that every session goes through.

use std::time::Duration;

use smtp_server::delivery::SubmissionLayer;
use smtp_server::extension::{
    DeliverBy, Dsn, ExtensionLayer, FutureRelease, MtPriority, RequireTls, SmtpUtf8,
};
use smtp_server::policy::access_map::DelayChecks;
use smtp_server::policy::{
    AccessMapLayer, AliasDirectory, ExpandLayer, LocalRecipientsLayer, RelayLayer, SenderRulesLayer,
    SessionLimitsLayer, TarpitLayer, policy_fn,
};
use smtp_server::tls::StartTlsLayer;
use smtp_server::{
    BoxDelivery, BoxError, Deliver, Mail, Recipient, Reply, Route, ServiceBuilderExt as _, Session,
    SmtpService,
};
use tower::{Layer as _, ServiceBuilder};

use crate::bootstrap::Prepared;
use crate::config::{Checks, Config, Kind, Listener, Senders};
use crate::delivery::Deliveries;
use crate::etrn;
use crate::residents::Residents;
use crate::tls::ListenerTls;

/// For how long users may have a message held.
const LONGEST_HOLD: Duration = Duration::from_hours(30 * 24);

/// The session tier of a listener.
pub(crate) fn session(
    config: &Config,
    prepared: &Prepared,
    listener: &Listener,
    directory: &AliasDirectory<Residents>,
    deliveries: &Deliveries,
) -> Result<impl SmtpService + Clone + Sync + use<>, BoxError> {
    let goes_out = config.next_hop.is_some() || config.goes_by_mx();
    let networks = || config.trusted_networks.iter().copied();
    let (kind, tls) = (listener.kind, ListenerTls::of(listener, config, prepared));
    let starttls = StartTlsLayer::choose(move |session| tls.for_client(session.peer_ip()));
    let local = || config.local_domains.iter().cloned();
    let relay = RelayLayer::new().local_domains(local().map(Into::into)).trusted_networks(networks());
    let expand = ExpandLayer::new(directory.clone()).trusted_networks(networks());
    let expand = match &config.trusted_domains {
        Some(domains) => expand.trusted_domains(domains.clone()),
        None => expand,
    };
    let relay = match &config.access {
        Some(map) => relay.access_map(map.clone()),
        None => relay,
    };
    let front = match kind.is_for_users() {
        true => BoxDelivery::new(SubmissionLayer::new().layer(deliveries.front.clone())),
        false => deliveries.front.clone(),
    };
    let deliver = Deliver::new(front)
        .max_message_size(config.limits.message_size)
        .max_recipients(config.limits.recipients);
    let deliver = match config.limits.line_length {
        None => deliver,
        Some(octets) => deliver.max_line_length(octets),
    };
    let guards = prepared.guards.of(config, kind);
    let limits = SessionLimitsLayer::new()
        .commands(config.limits.commands)
        .errors(config.limits.errors)
        .transactions(config.limits.messages);
    let queued = deliveries.queue.is_some();
    // To hold messages, and to have them go first, is for those who are known.
    let users_queue = queued && kind.is_for_users();
    Ok(ServiceBuilder::new()
        .layer(limits)
        .optional(prepared.guards.client_names(config))
        // It may take from a client what those within offer.
        .optional(access(config))
        .layer(if kind.is_for_users() { starttls.required() } else { starttls })
        .optional(guards.connections())
        .layer(guards.rates())
        .layer(prepared.auth.clone())
        // Failed logins have delays of their own.
        .layer(TarpitLayer::new().max_delay(config.limits.error_delay))
        .optional(config.smtp.utf8.then(|| ExtensionLayer::new(SmtpUtf8)))
        .layer(ExtensionLayer::new(RequireTls))
        .optional(queued.then(|| ExtensionLayer::new(Dsn)))
        .optional(queued.then(|| ExtensionLayer::new(DeliverBy::new())))
        .optional(users_queue.then(|| ExtensionLayer::new(FutureRelease::at_most(LONGEST_HOLD))))
        .optional(users_queue.then(|| ExtensionLayer::new(MtPriority::new())))
        .optional(deliveries.queue.clone().map(|queue| etrn::layer(queue, config)))
        .layer(policy_fn(move |_: Mail, session: Session| login(kind, session)).named("login"))
        .optional(senders(config, directory))
        .optional(guards.bounces(directory))
        .layer(expand)
        // These look at recipients whom those further in have accepted, the cheapest last.
        .optional(guards.greylist())
        .optional(guards.dns_lists())
        .optional(guards.hello())
        .optional(guards.unknown_recipients())
        .layer(relay)
        .layer(
            policy_fn(move |recipient: Recipient, _: Session| destination(recipient, goes_out))
                .named("destination"),
        )
        .layer(LocalRecipientsLayer::new(directory.clone()))
        .service(deliver))
}

/// Listeners for users take no mail from anybody else (RFC 6409 section 4.3).
async fn login(kind: Kind, session: Session) -> Result<(), Reply> {
    if kind.is_for_users() && session.identity().is_none() {
        return Err(Reply::new(530, "5.7.0 authentication required"));
    }
    Ok(())
}

/// Who knows one password is not everybody.
fn senders(config: &Config, directory: &AliasDirectory<Residents>) -> Option<SenderRulesLayer> {
    let own = || {
        SenderRulesLayer::new().own_addresses(config.local_domains.iter().cloned()).aliases(directory.clone())
    };
    (config.senders == Senders::Own).then(own)
}

/// Refuses while the client is still there what could not be delivered later.
async fn destination(recipient: Recipient, goes_out: bool) -> Result<(), Reply> {
    match recipient.route {
        Some(Route::Relay) if !goes_out => {
            Err(Reply::new(550, "5.4.4 this server passes no mail on to other domains"))
        }
        _ => Ok(()),
    }
}

/// What the access map refuses.
fn access(config: &Config) -> Option<AccessMapLayer> {
    let layer = AccessMapLayer::new(config.access.clone()?)
        .local_domains(config.local_domains.iter().cloned().map(Into::into));
    Some(match config.checks {
        Checks::AtOnce => layer,
        Checks::Delayed => layer.delay_checks(DelayChecks::All),
        Checks::NotForFriends => layer.delay_checks(DelayChecks::NotForFriends),
        Checks::ForHaters => layer.delay_checks(DelayChecks::ForHaters),
    })
}
