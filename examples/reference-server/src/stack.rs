//! The stack that every session goes through, and the way of a message behind it.

use std::convert::Infallible;

use smtp_server::delivery::maildir::MailboxTree;
use smtp_server::delivery::{ByRoute, HopLimitLayer, Maildir, ReceivedLayer, Relay, ReturnPathLayer};
use smtp_server::extension::{ExtensionLayer, RequireTls, SmtpUtf8};
use smtp_server::policy::access_map::{AccessTls, DelayChecks};
use smtp_server::policy::{
    AccessMapLayer, AliasDirectory, AliasFile, AliasLayer, ExpandLayer, LocalRecipientsLayer, RelayLayer,
    SessionLimitsLayer, TarpitLayer, policy_fn,
};
use smtp_server::tls::StartTlsLayer;
use smtp_server::{
    BoxDelivery, BoxError, Deliver, DeliveryService, Mail, Message, Outcomes, Recipient, Reply, Route,
    Session, SmtpService,
};
use tower::util::option_layer;
use tower::{Layer as _, ServiceBuilder, service_fn};

use crate::bootstrap::{POSTMASTER, Prepared};
use crate::config::{Checks, Config, Kind, Listener};
use crate::journal::journal;
use crate::residents::{DETAIL, Residents};
use crate::tls::ListenerTls;

/// The session tier of a listener.
pub(crate) fn session(
    config: &Config,
    prepared: &Prepared,
    listener: &Listener,
) -> Result<impl SmtpService + Clone + Sync + use<>, BoxError> {
    let residents = Residents::new(prepared.users.clone());
    let has_next_hop = config.next_hop.is_some();
    let networks = || config.trusted_networks.iter().copied();
    let (kind, tls) = (listener.kind, ListenerTls::of(listener, config, prepared));
    let starttls = StartTlsLayer::choose(move |session| tls.for_client(session.peer_ip()));
    let local = || config.local_domains.iter().cloned();
    let directory = AliasDirectory::new(aliases(config)?, residents, local());
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
    let deliver = Deliver::new(delivery(config, prepared, directory.clone())?)
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
    Ok(ServiceBuilder::new()
        .layer(limits)
        .layer(if kind.is_for_users() { starttls.required() } else { starttls })
        .layer(option_layer(prepared.guards.client_names(config)))
        .layer(option_layer(access(config)))
        .layer(option_layer(guards.connections()))
        .layer(guards.rates())
        .layer(prepared.auth.clone())
        // Failed logins have delays of their own.
        .layer(TarpitLayer::new().max_delay(config.limits.error_delay))
        .layer(option_layer(config.smtp.utf8.then(|| ExtensionLayer::new(SmtpUtf8))))
        .layer(ExtensionLayer::new(RequireTls))
        .layer(policy_fn(move |_: Mail, session: Session| login(kind, session)).named("login"))
        .layer(expand)
        // These look at recipients whom those further in have accepted, the cheapest last.
        .layer(option_layer(guards.greylist()))
        .layer(option_layer(guards.dns_lists()))
        .layer(option_layer(guards.hello()))
        .layer(option_layer(guards.unknown_recipients()))
        .layer(relay)
        .layer(
            policy_fn(move |recipient: Recipient, _: Session| destination(recipient, has_next_hop))
                .named("destination"),
        )
        .layer(LocalRecipientsLayer::new(directory))
        .service(deliver))
}

/// Listeners for users take no mail from anybody else (RFC 6409 section 4.3).
async fn login(kind: Kind, session: Session) -> Result<(), Reply> {
    if kind.is_for_users() && session.identity().is_none() {
        return Err(Reply::new(530, "5.7.0 authentication required"));
    }
    Ok(())
}

/// Refuses while the client is still there what could not be delivered later.
async fn destination(recipient: Recipient, has_next_hop: bool) -> Result<(), Reply> {
    match recipient.route {
        Some(Route::Relay) if !has_next_hop => {
            Err(Reply::new(550, "5.4.4 this server passes no mail on to other domains"))
        }
        _ => Ok(()),
    }
}

/// The aliases; none where no file is named.
fn aliases(config: &Config) -> Result<AliasFile, BoxError> {
    Ok(match &config.aliases {
        Some(file) => file.clone(),
        None => AliasFile::from_text("")?,
    })
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

/// The delivery tier.
fn delivery(
    config: &Config,
    prepared: &Prepared,
    directory: AliasDirectory<Residents>,
) -> Result<impl DeliveryService + Clone + Sync + use<>, BoxError> {
    let domain = config.local_domains.first().unwrap_or(&config.hostname);
    let tree = MailboxTree::new(&config.mailboxes)
        .detail_separator(DETAIL)
        .postmaster(format!("{POSTMASTER}@{domain}").parse()?);
    let local = ServiceBuilder::new().layer(ReturnPathLayer::new()).service(Maildir::with(tree));
    let relay = match &config.next_hop {
        Some((host, port)) => {
            let (relay, tls) = (Relay::to(host.as_str(), *port), prepared.relay_tls.clone());
            let relay = match &config.access {
                Some(map) => relay.tls(AccessTls::new(map.clone(), tls)),
                None => relay.tls(tls),
            };
            BoxDelivery::new(match &prepared.login {
                Some(login) => relay.auth(login.clone()),
                None => relay,
            })
        }
        None => BoxDelivery::new(service_fn(nowhere)),
    };
    Ok(ServiceBuilder::new()
        .layer(HopLimitLayer::new())
        .layer(ReceivedLayer::new())
        .service(journal(AliasLayer::new(directory).layer(ByRoute::new(local, relay)))))
}

/// What the session tier lets nobody come to.
async fn nowhere(_: Message) -> Result<Outcomes, Infallible> {
    Ok(Reply::new(550, "5.4.4 this server passes no mail on to other domains").into())
}
