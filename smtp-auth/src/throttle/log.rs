//! What is remembered of attempts, as entries of a state store.

use std::fmt::Write as _;
use std::net::Ipv6Addr;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use smtp_core::BoxError;
use smtp_core::state::{MemoryState, Moment, State, StateEntry, StateKey};
use tokio::time::Instant;

use super::ClientNetwork;

/// Where failed and successful attempts are remembered.
///
/// What is remembered is a time that runs out by itself: each failure adds to it, and as long as it is
/// long, more attempts are refused.
#[derive(Debug, Clone)]
pub(super) struct AttemptLog(State);

/// What something is remembered about. Each kind is a space of its own: who fills the one with failures from
/// many networks does not make the server forget who is known.
#[derive(Debug, Clone, Copy)]
pub(super) enum AttemptKey<'a> {
    /// Failures of a client, whatever the name.
    Network(ClientNetwork),
    /// Failures of all clients of a [site](ClientNetwork::site).
    Site(Ipv6Addr),
    /// Failures with a name, wherever they come from, but for clients that are known by that name.
    Account(&'a str),
    /// Failures of a client with a name.
    Pair(&'a str, ClientNetwork),
    /// That a client logged in by this name.
    Known(&'a str, ClientNetwork),
}

impl AttemptLog {
    pub(super) fn new(state: State) -> Self {
        Self(state)
    }

    /// How much time is left of what is remembered under this key.
    pub(super) async fn remaining(&self, key: AttemptKey<'_>) -> Result<Duration, BoxError> {
        let (entry, now) = self.0.get(key.state_key()).await?;
        Ok(entry.map_or(Duration::ZERO, |entry| entry.until.since(now)))
    }

    /// Lengthens it, up to `longest`, and tells how much it is then.
    pub(super) async fn extend(
        &self,
        key: AttemptKey<'_>,
        by: Duration,
        longest: Duration,
    ) -> Result<Duration, BoxError> {
        let extend = move |entry: &mut Option<StateEntry>, now: Moment| {
            let end = (entry.map_or(now, |entry| entry.until) + by).min(now + longest);
            *entry = Some(StateEntry { value: 0, until: end });
            end.since(now)
        };
        self.0.update(key.state_key(), extend).await
    }

    /// Forgets it.
    pub(super) async fn clear(&self, key: AttemptKey<'_>) -> Result<(), BoxError> {
        self.0.update(key.state_key(), |entry, _| *entry = None).await
    }
}

impl Default for AttemptLog {
    /// In memory, by a clock that a test may pause.
    fn default() -> Self {
        let (begin, started) = (Moment::now(), Instant::now());
        Self(State::new(MemoryState::with_clock(move || begin + started.elapsed())))
    }
}

impl AttemptKey<'_> {
    fn state_key(self) -> StateKey {
        match self {
            Self::Network(network) => StateKey::new("auth-network", network.to_string()),
            Self::Site(site) => StateKey::new("auth-site", format!("{site}/48")),
            Self::Account(name) => StateKey::new("auth-account", hash(name)),
            Self::Pair(name, network) => StateKey::new("auth-pair", format!("{network} {}", hash(name))),
            Self::Known(name, network) => StateKey::new("auth-known", format!("{network} {}", hash(name))),
        }
    }
}

/// People type passwords in the place of names: what is written down is no name.
fn hash(name: &str) -> String {
    Sha256::digest(name).iter().take(16).fold(String::new(), |mut text, octet| {
        // Strings take everything.
        let _ = write!(text, "{octet:02x}");
        text
    })
}
