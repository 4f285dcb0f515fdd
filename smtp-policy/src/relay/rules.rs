use std::fmt;

use smtp_core::{Host, LocalPart, Recipient, Reply, Route, Session};

use crate::access_map::{AccessMap, AccessRules, Remote};
use crate::client_name::ReverseName;
use crate::domain_pattern::DomainSet;
use crate::trusted_clients::TrustedClients;

/// What the layer was told.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    pub(super) local: DomainSet,
    pub(super) local_literal: bool,
    pub(super) relay: DomainSet,
    pub(super) clients: TrustedClients,
    pub(super) access: Option<AccessMap>,
}

/// Why a recipient has no route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Denied {
    /// Its domain is foreign, and the client is a stranger.
    ForeignDomain,
    /// Its local part has another address in it, and the client is a stranger.
    RoutedLocalPart,
    /// Its domain is foreign, and whether the client is a stranger there is no telling now.
    NameUnknown,
}

impl Rules {
    /// `access` is what the access map says, if there is one.
    pub(super) fn route(
        &self,
        recipient: &Recipient,
        session: &Session,
        access: Option<&AccessRules>,
    ) -> Result<Route, Denied> {
        if let Some(route) = recipient.route {
            return Ok(route);
        }
        let Some(mailbox) = recipient.path.mailbox() else {
            // Every server takes mail for its postmaster (RFC 5321 section 4.5.1).
            return Ok(Route::Local);
        };
        let open_to_all = self.open_route(mailbox.host(), session, access);
        if self.clients.include(session) || access.is_some_and(|rules| relays_for(rules, session)) {
            return Ok(open_to_all.unwrap_or(Route::Relay));
        }
        let route = open_to_all.ok_or_else(|| self.denied(session))?;
        if is_routed(mailbox.local_part()) { Err(Denied::RoutedLocalPart) } else { Ok(route) }
    }

    /// What comes of a client that is not known to be trusted, for a foreign domain. Where it may be trusted by
    /// its name, that the DNS does not answer must not cost it its mail.
    fn denied(&self, session: &Session) -> Denied {
        let by_name = self.access.is_some() || self.clients.go_by_name();
        match session.connection().get::<ReverseName>() {
            Some(ReverseName::Unknown) if by_name => Denied::NameUnknown,
            _ => Denied::ForeignDomain,
        }
    }

    /// The route that even strangers may take.
    fn open_route(&self, host: &Host, session: &Session, access: Option<&AccessRules>) -> Option<Route> {
        let named = |domains: &DomainSet| host.domain().is_some_and(|domain| domains.contains(domain));
        if named(&self.local) || self.is_local_literal(host, session) {
            Some(Route::Local)
        } else if named(&self.relay) || access.is_some_and(|rules| rules.relays_to(host)) {
            Some(Route::Relay)
        } else {
            None
        }
    }

    fn is_local_literal(&self, host: &Host, session: &Session) -> bool {
        let Host::Literal(literal) = host else {
            return false;
        };
        let (named, local) = (literal.ip(), session.info().local);
        self.local_literal
            && named.is_some()
            && named.map(|ip| ip.to_canonical()) == local.map(|address| address.ip().to_canonical())
    }
}

fn relays_for(rules: &AccessRules, session: &Session) -> bool {
    rules.relays_for(&Remote::client(session))
        || rules.relays_for_certificate(session.tls().map(|tls| &**tls))
}

/// Whether some host might read the local part as an address to pass the message on to: a percent
/// hack, a bang path, an address or a source route in quotes.
fn is_routed(local_part: &LocalPart) -> bool {
    local_part.unquoted().contains(['%', '!', '@', ':'])
}

impl Denied {
    /// The reply; which rule denied it stands in the log alone.
    pub(super) fn reply(self, recipient: &Recipient) -> Reply {
        let host = recipient.path.mailbox().map(|mailbox| mailbox.host().to_string());
        let host = host.unwrap_or_default();
        match self {
            Self::ForeignDomain => Reply::new(550, format!("5.7.1 relaying denied for {host}")),
            Self::RoutedLocalPart => {
                Reply::new(550, format!("5.7.1 relaying denied for addresses routed through {host}"))
            }
            Self::NameUnknown => {
                let what = format!("4.7.1 relaying denied for {host} for now, your name cannot be looked up");
                Reply::new(450, what)
            }
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ForeignDomain => "foreign domain",
            Self::RoutedLocalPart => "routed local part",
            Self::NameUnknown => "client name unknown",
        })
    }
}
