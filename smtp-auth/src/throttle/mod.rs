//! Guessing is slow and soon over, and locks nobody out.

mod gate;
mod limits;
mod log;
mod network;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use gate::Gate;
pub(crate) use gate::Passage;
pub use limits::{FailureRate, ThrottleLimits};
use log::{AttemptKey, AttemptLog};
pub use network::ClientNetwork;
use smtp_core::state::State;
use smtp_core::{BoxError, Reply, Session};

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
    log: AttemptLog,
    gate: Arc<Gate>,
}

/// Why an attempt does not get to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Too many failed.
    TooManyFailures,
    /// Too many others ask.
    TooManyAttempts,
    /// What failed cannot be told: who may guess on without being counted, may guess for ever.
    NoMemory,
}

impl Refusal {
    /// The same code as for a store that is away, as it is worth a try later (RFC 4954 section 6).
    pub(crate) fn reply(self) -> Reply {
        match self {
            Self::TooManyFailures => {
                Reply::new(454, "4.7.0 too many failed authentications, try again later")
            }
            Self::TooManyAttempts | Self::NoMemory => {
                Reply::new(454, "4.7.0 temporary authentication failure")
            }
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManyFailures => "too many failures",
            Self::TooManyAttempts => "too many attempts at once",
            Self::NoMemory => "the store of attempts cannot be asked",
        })
    }
}

impl Throttle {
    /// A throttle that remembers in memory.
    pub fn new(limits: ThrottleLimits) -> Self {
        let gate = Gate::new(limits.at_once, limits.at_once_per_network);
        let log = AttemptLog::default();
        Self { limits, exempt: Arc::new(|_| false), log, gate: Arc::new(gate) }
    }

    /// Remembers there: in a store that outlives the process, or that several servers share. Of names it
    /// gets a hash. While it cannot be asked, nobody logs in (454).
    #[must_use]
    pub fn remember_in(mut self, state: State) -> Self {
        self.log = AttemptLog::new(state);
        self
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
        let Some(network) = network else { return Ok(passage) };
        match self.is_refused(name, network).await {
            Ok(false) => Ok(passage),
            Ok(true) => Err(Refusal::TooManyFailures),
            Err(error) => {
                tracing::error!(%error, "failed attempts cannot be looked up; nobody logs in");
                Err(Refusal::NoMemory)
            }
        }
    }

    async fn is_refused(&self, name: Option<&str>, network: ClientNetwork) -> Result<bool, BoxError> {
        let limits = &self.limits;
        if let Some(name) = name {
            if self.is_exhausted(&limits.pair, AttemptKey::Pair(name, network)).await? {
                return Ok(true);
            }
            if self.is_known(name, network).await? {
                return Ok(false);
            }
        }
        if self.is_exhausted(&limits.network, AttemptKey::Network(network)).await? {
            return Ok(true);
        }
        match network.site() {
            Some(site) => self.is_exhausted(&limits.site, AttemptKey::Site(site)).await,
            None => Ok(false),
        }
    }

    async fn is_exhausted(&self, rate: &FailureRate, key: AttemptKey<'_>) -> Result<bool, BoxError> {
        Ok(rate.failures_of(self.log.remaining(key).await?) >= rate.failures.max(1))
    }

    /// Counts a failure, and tells how many there were: the more, the longer should its answer take.
    pub(crate) async fn failed(&self, name: Option<&str>, session: &Session) -> u32 {
        let Some(network) = self.network(session) else { return 0 };
        let name = name.map(fold);
        self.count_failure(name.as_deref(), network).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a failed attempt cannot be noted down");
            u32::MAX
        })
    }

    async fn count_failure(&self, name: Option<&str>, network: ClientNetwork) -> Result<u32, BoxError> {
        let of_network = self.count(&self.limits.network, AttemptKey::Network(network)).await?;
        if let Some(site) = network.site() {
            self.count(&self.limits.site, AttemptKey::Site(site)).await?;
        }
        let Some(name) = name else { return Ok(of_network) };
        self.count(&self.limits.pair, AttemptKey::Pair(name, network)).await?;
        if self.is_known(name, network).await? {
            return Ok(of_network);
        }
        let of_account = self.count(&self.limits.account, AttemptKey::Account(name)).await?;
        Ok(if of_account >= self.limits.account.failures { u32::MAX } else { of_network })
    }

    async fn count(&self, rate: &FailureRate, key: AttemptKey<'_>) -> Result<u32, BoxError> {
        Ok(rate.failures_of(self.log.extend(key, rate.step(), rate.per).await?))
    }

    /// Remembers that the client is known by this name.
    pub(crate) async fn succeeded(&self, name: &str, session: &Session) {
        let Some(network) = self.network(session) else { return };
        let name = &*fold(name);
        let known_for = self.limits.known_for;
        let noted = async {
            self.log.clear(AttemptKey::Pair(name, network)).await?;
            self.log.extend(AttemptKey::Known(name, network), known_for, known_for).await
        };
        if let Err(error) = noted.await {
            tracing::error!(%error, "a login cannot be noted down");
        }
    }

    async fn is_known(&self, name: &str, network: ClientNetwork) -> Result<bool, BoxError> {
        Ok(!self.log.remaining(AttemptKey::Known(name, network)).await?.is_zero())
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
