//! The layers against abuse, and what they remember.

use smtp_server::BoxError;
use smtp_server::policy::client_name::DnsNames;
use smtp_server::policy::hello_checks::{Measure, Suspicion};
use smtp_server::policy::rate_limit::{By, Counted, Rate};
use smtp_server::policy::state::{SqliteState, State};
use smtp_server::policy::{
    AliasDirectory, ClientNameLayer, ConnectionLimitLayer, DnsListLayer, GreylistLayer, HelloChecksLayer,
    NullSenderLayer, RateLimitLayer, UnknownRecipientsLayer,
};

use crate::config::{Abuse, Config, Kind, Treatment};
use crate::residents::Residents;

/// What the listeners share, so that a client counts on all of them.
#[derive(Debug)]
pub(crate) struct Guards {
    pub(crate) state: State,
    names: Option<DnsNames>,
    connections: ConnectionLimitLayer,
}

impl Guards {
    pub(crate) fn prepare(config: &Config) -> Result<Self, BoxError> {
        let abuse = &config.abuse;
        let resolves = abuse.unresolvable_hello == Treatment::Refuse;
        let asks = config.client_names || resolves || !abuse.dns_lists.is_empty();
        let names = asks.then(|| match config.name_servers.is_empty() {
            true => DnsNames::of_system(),
            false => DnsNames::with_servers(config.name_servers.iter().copied()),
        });
        let store = SqliteState::open(&abuse.state)
            .map_err(|error| format!("{error}; name another file by [abuse] state"))?;
        let state = State::new(store);
        Ok(Self { state, names: names.transpose()?, connections: connections(config) })
    }

    /// What the DNS calls clients.
    pub(crate) fn client_names(&self, config: &Config) -> Option<ClientNameLayer<DnsNames>> {
        self.names.clone().filter(|_| config.client_names).map(ClientNameLayer::new)
    }

    /// Of a listener of this kind; another mail server that delivers here is no stranger.
    pub(crate) fn of<'a>(&'a self, config: &'a Config, kind: Kind) -> ListenerGuards<'a> {
        ListenerGuards { shared: self, config, abuse: &config.abuse, kind }
    }
}

fn connections(config: &Config) -> ConnectionLimitLayer {
    let mut layer = ConnectionLimitLayer::new().exempt_networks(config.trusted_networks.iter().copied());
    let Abuse { connections_per_network, connections_per_user, .. } = config.abuse;
    for (by, most) in [(By::NETWORK, connections_per_network), (By::Account, connections_per_user)] {
        if most > 0 {
            layer = layer.limit(by, most);
        }
    }
    match &config.access {
        Some(map) => layer.access_map(map.clone()),
        None => layer,
    }
}

pub(crate) struct ListenerGuards<'a> {
    shared: &'a Guards,
    config: &'a Config,
    abuse: &'a Abuse,
    kind: Kind,
}

impl ListenerGuards<'_> {
    fn is_for_strangers(&self) -> bool {
        self.kind == Kind::Mx
    }

    /// How many there may be at once.
    pub(crate) fn connections(&self) -> Option<ConnectionLimitLayer> {
        (self.kind != Kind::Lmtp).then(|| self.shared.connections.clone())
    }

    pub(crate) fn rates(&self) -> RateLimitLayer {
        let layer = RateLimitLayer::new(self.shared.state.clone())
            .exempt_networks(self.config.trusted_networks.iter().copied());
        let limit = |layer: RateLimitLayer, counted, by, most: u32, rate: fn(u32) -> Rate| match most {
            0 => layer,
            most => layer.limit(counted, by, rate(most)),
        };
        let of_user = self.abuse.user_recipients_per_hour;
        let layer = limit(layer, Counted::Recipients, By::Account, of_user, Rate::hourly);
        let etrn = self.abuse.user_etrn_per_hour;
        let layer = limit(layer, Counted::Flushes, By::Account, etrn, Rate::hourly);
        if !self.is_for_strangers() {
            return layer;
        }
        let connections = self.abuse.connections_per_minute;
        let layer = limit(layer, Counted::Connections, By::Address, connections, Rate::per_minute);
        let messages = self.abuse.messages_per_hour;
        let layer = limit(layer, Counted::Messages, By::Address, messages, Rate::hourly);
        match &self.config.access {
            Some(map) => layer.access_map(map.clone()),
            None => layer,
        }
    }

    pub(crate) fn hello(&self) -> Option<HelloChecksLayer> {
        let measure = |treatment| match treatment {
            Treatment::Accept => Measure::Ignore,
            Treatment::Refuse => Measure::Refuse,
        };
        let (impostors, unnamed) = (measure(self.abuse.impostors), measure(self.abuse.unnamed_clients));
        let unresolvable = measure(self.abuse.unresolvable_hello);
        let layer = HelloChecksLayer::new()
            .on(Suspicion::HelloIsOurs, impostors)
            .on(Suspicion::HelloIsAnotherAddress, impostors)
            .on(Suspicion::HelloMalformed, measure(self.abuse.malformed_hello))
            .on(Suspicion::HelloUnqualified, measure(self.abuse.unqualified_hello))
            .on(Suspicion::HelloUnresolvable, unresolvable)
            .on(Suspicion::NameMissing, unnamed)
            .on(Suspicion::NameUnconfirmed, unnamed)
            .exempt_networks(self.config.trusted_networks.iter().copied());
        let names = self.shared.names.clone().filter(|_| unresolvable == Measure::Refuse);
        let layer = match names {
            Some(names) => layer.resolve_with(names),
            None => layer,
        };
        let layer = match &self.config.access {
            Some(map) => layer.exempt_by(map.clone()),
            None => layer,
        };
        self.is_for_strangers().then_some(layer)
    }

    /// Of a message without a sender, other servers send each copy by itself; a mail server that delivers
    /// here may have expanded an alias before.
    pub(crate) fn bounces(&self, directory: &AliasDirectory<Residents>) -> Option<NullSenderLayer> {
        let refused = self.is_for_strangers() && self.abuse.bulk_bounces == Treatment::Refuse;
        refused.then(|| NullSenderLayer::new().no_lists(directory.clone()))
    }

    pub(crate) fn dns_lists(&self) -> Option<DnsListLayer<DnsNames>> {
        if self.abuse.dns_lists.is_empty() || !self.is_for_strangers() {
            return None;
        }
        let layer = DnsListLayer::new(self.shared.names.clone()?)
            .threshold(self.abuse.dns_threshold)
            .exempt_networks(self.config.trusted_networks.iter().copied());
        let layer = match &self.config.access {
            Some(map) => layer.exempt_by(map.clone()),
            None => layer,
        };
        Some(self.abuse.dns_lists.iter().cloned().fold(layer, DnsListLayer::list))
    }

    pub(crate) fn greylist(&self) -> Option<GreylistLayer> {
        let delay = self.abuse.greylist.filter(|_| self.is_for_strangers())?;
        let layer = GreylistLayer::new(self.shared.state.clone())
            .delay(delay)
            .exempt_networks(self.config.trusted_networks.iter().copied());
        Some(match &self.config.access {
            Some(map) => layer.exempt_by(map.clone()),
            None => layer,
        })
    }

    pub(crate) fn unknown_recipients(&self) -> Option<UnknownRecipientsLayer> {
        let most = self.abuse.unknown_recipients_per_hour;
        if most == 0 || !self.is_for_strangers() {
            return None;
        }
        // Errors of a session have a limit of their own.
        let layer = UnknownRecipientsLayer::new(self.shared.state.clone())
            .per_session(self.config.limits.errors)
            .per_client(Rate::hourly(most));
        Some(layer.exempt_networks(self.config.trusted_networks.iter().copied()))
    }
}
