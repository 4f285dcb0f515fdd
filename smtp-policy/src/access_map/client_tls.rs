use std::fmt;
use std::sync::Arc;

use smtp_core::client::{ClientTls, Destination, TlsDecision, TlsDemand as Wanted, TlsOutcome};
use smtp_core::{BoxError, BoxFuture, Recipient, Reply, TlsInfo, Transport, Upgrade};

use super::{AccessMap, Remote, TlsDemand};

/// TLS towards next hops by an [`AccessMap`], in front of who knows how it is done: `Try_TLS:.. NO` keeps
/// STARTTLS from being used, and what `TLS_Srv:` demands is looked at after the handshake. A next hop that
/// does not meet it, or offers no TLS, gets no message: the outcome is what the map says, 503 5.7.0 with `PERM+`,
/// which ends in a bounce, 403 4.7.0 with `TEMP+`, and 454 4.7.0 if it says nothing. What `TLS_Rcpt:` demands is
/// looked at for each recipient: one for whom it is not met has such an outcome, and the others have the message.
///
/// Where `Try_TLS:` says no of a host of which `TLS_Srv:` demands something, that is not met. A message that wants
/// a verified server itself waits then.
///
/// `TLS_Srv:.. VERIFY` counts certificates that `inner` verified: it has to look at them even where it takes
/// others too.
///
/// ```
/// use smtp_core::client::{ClientTls, Destination, TlsDecision};
/// use smtp_policy::access_map::{AccessMap, AccessTls};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), smtp_core::BoxError> {
/// # let upgrade = std::sync::Arc::new(|_| async { Err(smtp_core::BoxError::from("no handshake")) });
/// let map = AccessMap::from_text("Try_TLS:broken.example NO\nTLS_Srv:bank.example VERIFY:128\n")?;
/// let tls = AccessTls::new(map, TlsDecision::IfOffered(upgrade)); // or smtp-tls's `RelayTls`
/// let decide = |host| { let tls = &tls; async move { tls.decide(&Destination::new(host, 25), Default::default()).await } };
/// assert!(matches!(decide("mx.broken.example").await?, TlsDecision::Never));
/// assert!(matches!(decide("mx.bank.example").await?, TlsDecision::Required(_)));
/// assert!(matches!(decide("mx.example.org").await?, TlsDecision::IfOffered(_)));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct AccessTls {
    map: AccessMap,
    inner: Arc<dyn ClientTls>,
}

impl AccessTls {
    /// What the map does not speak of is decided by `inner`.
    pub fn new(map: AccessMap, inner: impl ClientTls) -> Self {
        Self { map, inner: Arc::new(inner) }
    }
}

impl ClientTls for AccessTls {
    fn decide(&self, destination: &Destination, wanted: Wanted) -> BoxFuture<Result<TlsDecision, BoxError>> {
        let (map, inner, destination) = (self.map.clone(), Arc::clone(&self.inner), destination.clone());
        Box::pin(async move {
            let rules = map.rules().await;
            let server = Remote::server(&destination);
            let demand = rules.tls_of_server(&server).filter(|demand| **demand != TlsDemand::default());
            if !rules.tries_tls(&server) {
                return match (demand.and_then(|demand| demand.unmet(None, &server.name())), wanted) {
                    (None, Wanted::None) => Ok(TlsDecision::Never),
                    (unmet, _) => {
                        tracing::warn!(%destination, "Try_TLS: is NO, and TLS is demanded");
                        let waits =
                            || format!("Try_TLS: is NO for {destination}, and TLS is demanded").into();
                        Err(unmet.map_or_else(waits, BoxError::from))
                    }
                };
            }
            let decision = inner.decide(&destination, wanted).await?;
            match demand {
                None => Ok(decision),
                Some(demand) => demanded(decision, demand, &server.name()),
            }
        })
    }

    fn not_offered(&self, destination: &Destination) -> Option<Reply> {
        let (rules, server) = (self.map.last_rules(), Remote::server(destination));
        let unmet = rules.tls_of_server(&server).and_then(|demand| demand.unmet(None, &server.name()));
        unmet.or_else(|| self.inner.not_offered(destination))
    }

    fn check_recipient(
        &self,
        destination: &Destination,
        recipient: &Recipient,
        tls: Option<&TlsInfo>,
    ) -> Result<(), Reply> {
        let rules = self.map.last_rules();
        let demand = recipient.path.mailbox().and_then(|mailbox| rules.tls_of_recipient(mailbox));
        match demand.and_then(|demand| demand.unmet(tls, &destination.host)) {
            Some(unmet) => Err(unmet),
            None => self.inner.check_recipient(destination, recipient, tls),
        }
    }

    fn outcome(&self, destination: &Destination, outcome: TlsOutcome<'_>) {
        self.inner.outcome(destination, outcome);
    }
}

/// The decision with a look at what the handshake gave.
fn demanded(decision: TlsDecision, demand: &TlsDemand, server: &str) -> Result<TlsDecision, BoxError> {
    let checked = |upgrade: Arc<dyn Upgrade>| -> Arc<dyn Upgrade> {
        let (demand, server) = (demand.clone(), Arc::<str>::from(server));
        Arc::new(move |transport: Transport| {
            let (upgrade, demand, server) = (Arc::clone(&upgrade), demand.clone(), Arc::clone(&server));
            async move {
                let upgraded = upgrade.upgrade(transport).await?;
                match demand.unmet(Some(&upgraded.tls), &server) {
                    None => Ok(upgraded),
                    Some(unmet) => {
                        tracing::warn!(%server, "TLS_Srv: {demand} is not met: {}", unmet.text());
                        Err(unmet.into())
                    }
                }
            }
        })
    };
    match decision {
        TlsDecision::IfOffered(upgrade) | TlsDecision::Required(upgrade) => {
            Ok(TlsDecision::Required(checked(upgrade)))
        }
        TlsDecision::Implicit(upgrade) => Ok(TlsDecision::Implicit(checked(upgrade))),
        _ => {
            tracing::warn!(%server, "TLS_Srv: demands {demand}, and there is no TLS towards it");
            let waits = || format!("TLS_Srv: demands {demand} of {server}").into();
            Err(demand.unmet(None, server).map_or_else(waits, BoxError::from))
        }
    }
}

impl fmt::Debug for AccessTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTls").field("map", &self.map).finish_non_exhaustive()
    }
}
