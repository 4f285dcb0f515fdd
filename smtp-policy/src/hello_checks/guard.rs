use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use smtp_core::{BoxError, BoxFuture, Command, Domain, Hello, Host, Reply, Session};
use tokio::time::timeout;

use super::{Measure, Suspicion, Suspicions};
use crate::client_name::{NameLookup, ReverseName};
use crate::guard::{Event, Guard};
use crate::postmaster;
use crate::strangers::Strangers;

/// How long a name may take to look up; who has one that takes longer may have it.
const LIMIT: Duration = Duration::from_secs(5);

/// Whether a name exists.
type Exists = dyn Fn(Domain) -> BoxFuture<Result<bool, BoxError>> + Send + Sync;

/// What a [`HelloChecksLayer`](super::HelloChecksLayer) goes by.
#[derive(Clone)]
pub struct HelloGuard {
    pub(super) measures: HashMap<Suspicion, Measure>,
    pub(super) ours: Vec<Host>,
    pub(super) strangers: Strangers,
    exists: Option<Arc<Exists>>,
}

impl Default for HelloGuard {
    fn default() -> Self {
        let refused = [Suspicion::HelloIsOurs, Suspicion::HelloIsAnotherAddress];
        let measures = refused.map(|suspicion| (suspicion, Measure::Refuse)).into();
        Self { measures, ours: Vec::new(), strangers: Strangers::default(), exists: None }
    }
}

impl HelloGuard {
    pub(super) fn resolve_with(&mut self, lookup: impl NameLookup) {
        let lookup = Arc::new(lookup);
        self.exists = Some(Arc::new(move |name| {
            let lookup = Arc::clone(&lookup);
            Box::pin(async move { Ok(!lookup.addresses(&name).await?.is_empty()) })
        }));
    }

    fn measure(&self, suspicion: Suspicion) -> Measure {
        self.measures.get(&suspicion).copied().unwrap_or_default()
    }

    async fn look(&self, session: &Session) -> Suspicions {
        let mut found = Vec::new();
        for suspicion in Suspicion::ALL {
            if self.measure(suspicion) != Measure::Ignore && self.holds(suspicion, session).await {
                found.push(suspicion);
            }
        }
        Suspicions(found)
    }

    async fn holds(&self, suspicion: Suspicion, session: &Session) -> bool {
        let name = session.connection().get::<ReverseName>();
        let Some(hello) = session.hello() else { return false };
        match suspicion {
            Suspicion::NameMissing => name == Some(ReverseName::Missing),
            Suspicion::NameUnconfirmed => name == Some(ReverseName::Unconfirmed),
            Suspicion::HelloIsOurs => self.is_ours(hello, session),
            Suspicion::HelloIsAnotherAddress => is_another(hello, session),
            Suspicion::HelloMalformed => hello.host.is_none(),
            Suspicion::HelloUnqualified => domain(hello).is_some_and(|name| !name.as_str().contains('.')),
            Suspicion::HelloUnresolvable => match domain(hello) {
                Some(name) => self.does_not_exist(name).await,
                None => false,
            },
        }
    }

    fn is_ours(&self, hello: &Hello, session: &Session) -> bool {
        let Some(host) = &hello.host else { return false };
        let local = session.info().local.map(|local| local.ip().to_canonical());
        // Who is on this very computer is right to say so.
        if local.is_some() && local == session.peer_ip() || session.peer_ip().is_none() {
            return false;
        }
        let address = address(hello);
        host == session.server_name() || self.ours.contains(host) || (address.is_some() && address == local)
    }

    async fn does_not_exist(&self, name: &Domain) -> bool {
        let Some(exists) = &self.exists else { return false };
        match timeout(LIMIT, exists(name.clone())).await {
            Ok(Ok(exists)) => !exists,
            Ok(Err(error)) => {
                tracing::debug!(%name, %error, "the name in HELO cannot be looked up");
                false
            }
            Err(_) => {
                tracing::debug!(%name, "the name in HELO takes too long to look up");
                false
            }
        }
    }
}

fn domain(hello: &Hello) -> Option<&Domain> {
    hello.host.as_ref().and_then(Host::domain)
}

fn address(hello: &Hello) -> Option<std::net::IpAddr> {
    match &hello.host {
        Some(Host::Literal(literal)) => literal.ip().map(|address| address.to_canonical()),
        // Four numbers are an address that lacks its brackets.
        Some(Host::Domain(name)) => name.as_str().parse().ok(),
        None => None,
    }
}

fn is_another(hello: &Hello, session: &Session) -> bool {
    match (address(hello), session.peer_ip()) {
        (Some(claimed), Some(address)) => claimed != address,
        _ => false,
    }
}

impl Guard for HelloGuard {
    const NAME: &'static str = "hello checks";

    fn watches(&self, command: &Command) -> bool {
        matches!(command, Command::Mail(_) | Command::Rcpt(_))
    }

    async fn before(&self, event: &Event, session: &Session) -> Result<(), Reply> {
        if !matches!(event, Event::Mail(_)) {
            return Ok(());
        }
        // What was noted of a sender who was refused later is forgotten.
        session.transaction().remove::<Suspicions>();
        if !self.strangers.have(session).await {
            return Ok(());
        }
        let suspicions = self.look(session).await;
        if !suspicions.0.is_empty() {
            session.transaction().insert(suspicions);
        }
        Ok(())
    }

    async fn after(&self, event: &Event, session: &Session, reply: &Reply) -> Result<(), Reply> {
        let Event::Rcpt(recipient) = event else { return Ok(()) };
        if !reply.is_positive() || postmaster::is(recipient) {
            return Ok(());
        }
        let suspicions = session.transaction().get::<Suspicions>().unwrap_or_default();
        let mut found = suspicions.0.into_iter();
        match found.find(|suspicion| self.measure(*suspicion) == Measure::Refuse) {
            Some(suspicion) => Err(suspicion.refusal(session)),
            None => Ok(()),
        }
    }
}
