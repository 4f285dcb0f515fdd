//! Guessing is slow and soon over, and locks nobody out.

mod gate;
mod limits;
mod log;
mod memory;
mod network;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use gate::Gate;
pub(crate) use gate::Passage;
pub use limits::{FailureRate, ThrottleLimits};
pub use log::{AttemptKey, AttemptLog};
use memory::MemoryLog;
pub use network::ClientNetwork;
use smtp_core::{Reply, Session};

/// Bounds failed attempts by client and by name, and how many attempts ask the store at once. Cheap to
/// clone; clones count together, so the listeners of a server share one.
///
/// A client that failed too often is refused for a while (454) without a look at what it shows. That
/// goes by the client's network, and by name only together with it: nobody can have a user refused
/// elsewhere. A client that logged in by a name before is not refused that name because of other names
/// that fail from there. A name that is guessed at from many networks gets slow for those that never
/// logged in by it, not for its user. Whether there is a user of that name makes no difference.
///
/// ```
/// use smtp_auth::{AuthLayer, FailureRate, Throttle, ThrottleLimits, Verdict, verify_fn};
///
/// let mut limits = ThrottleLimits::default();
/// limits.network = FailureRate::hourly(10);
/// let throttle = Throttle::new(limits).exempt(|address| address.is_loopback());
/// let store = verify_fn(|_, _| async { Ok(Verdict::Refused) });
/// let layer = AuthLayer::new(store).throttle(throttle);
/// ```
#[derive(Clone)]
pub struct Throttle {
    limits: ThrottleLimits,
    exempt: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    log: Arc<dyn AttemptLog>,
    gate: Arc<Gate>,
}

/// Why an attempt does not get to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Too many failed.
    TooManyFailures,
    /// Too many others ask.
    TooManyAttempts,
}

impl Refusal {
    /// The same code as for a store that is away, as it is worth a try later (RFC 4954 section 6).
    pub(crate) fn reply(self) -> Reply {
        match self {
            Self::TooManyFailures => {
                Reply::new(454, "4.7.0 too many failed authentications, try again later")
            }
            Self::TooManyAttempts => Reply::new(454, "4.7.0 temporary authentication failure"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManyFailures => "too many failures",
            Self::TooManyAttempts => "too many attempts at once",
        })
    }
}

impl Throttle {
    /// A throttle that remembers in memory.
    pub fn new(limits: ThrottleLimits) -> Self {
        Self::with_log(limits, MemoryLog::default())
    }

    /// A throttle that remembers in `log`.
    pub fn with_log(limits: ThrottleLimits, log: impl AttemptLog) -> Self {
        let gate = Gate::new(limits.at_once, limits.at_once_per_network);
        Self { limits, exempt: Arc::new(|_| false), log: Arc::new(log), gate: Arc::new(gate) }
    }

    /// Does not count what comes from these addresses: those of a webmail server for example, behind
    /// which all users have one address.
    #[must_use]
    pub fn exempt(mut self, exempt: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        self.exempt = Arc::new(exempt);
        self
    }

    /// Waits until the store may be asked. Who passes holds what it gets as long as it asks.
    pub(crate) async fn admit(&self, name: Option<&str>, session: &Session) -> Result<Passage, Refusal> {
        let network = self.network(session);
        let name = name.map(fold);
        let name = name.as_deref();
        let passage = self.gate.pass(network).await.ok_or(Refusal::TooManyAttempts)?;
        // After the wait: those before it may have failed.
        match network {
            Some(network) if self.is_refused(name, network) => Err(Refusal::TooManyFailures),
            _ => Ok(passage),
        }
    }

    fn is_refused(&self, name: Option<&str>, network: ClientNetwork) -> bool {
        let exhausted =
            |rate: &FailureRate, key| rate.failures_of(self.log.remaining(&key)) >= rate.failures.max(1);
        let by_network = || {
            exhausted(&self.limits.network, AttemptKey::Network(network))
                || network.site().is_some_and(|site| exhausted(&self.limits.site, AttemptKey::Site(site)))
        };
        let Some(name) = name else { return by_network() };
        exhausted(&self.limits.pair, AttemptKey::Pair(name, network))
            || (!self.is_known(name, network) && by_network())
    }

    /// Counts a failure, and tells how many there were: the more, the longer should its answer take.
    pub(crate) fn failed(&self, name: Option<&str>, session: &Session) -> u32 {
        let Some(network) = self.network(session) else { return 0 };
        let count = |rate: &FailureRate, key| {
            self.log.extend(&key, rate.step(), rate.per);
            rate.failures_of(self.log.remaining(&key))
        };
        let of_network = count(&self.limits.network, AttemptKey::Network(network));
        if let Some(site) = network.site() {
            count(&self.limits.site, AttemptKey::Site(site));
        }
        let Some(name) = name.map(fold) else { return of_network };
        let name = &*name;
        count(&self.limits.pair, AttemptKey::Pair(name, network));
        if self.is_known(name, network) {
            return of_network;
        }
        let of_account = count(&self.limits.account, AttemptKey::Account(name));
        if of_account >= self.limits.account.failures { u32::MAX } else { of_network }
    }

    /// Remembers that the client is known by this name.
    pub(crate) fn succeeded(&self, name: &str, session: &Session) {
        let Some(network) = self.network(session) else { return };
        let name = &*fold(name);
        self.log.clear(&AttemptKey::Pair(name, network));
        let known_for = self.limits.known_for;
        self.log.extend(&AttemptKey::Known(name, network), known_for, known_for);
    }

    fn is_known(&self, name: &str, network: ClientNetwork) -> bool {
        !self.log.remaining(&AttemptKey::Known(name, network)).is_zero()
    }

    /// Where the client is, if that counts.
    fn network(&self, session: &Session) -> Option<ClientNetwork> {
        session.peer_ip().filter(|address| !(self.exempt)(*address)).map(ClientNetwork::from)
    }
}

/// Many stores take names in capitals and in small letters for the same. Who guesses must not have a
/// new name with each way to write it.
fn fold(name: &str) -> String {
    // Directories look at no blanks at the ends, and take several within for one (RFC 4518 section 2.6.1).
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

impl Default for Throttle {
    fn default() -> Self {
        Self::new(ThrottleLimits::default())
    }
}

impl fmt::Debug for Throttle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Throttle").field("limits", &self.limits).finish_non_exhaustive()
    }
}
