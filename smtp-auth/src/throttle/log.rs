use std::net::Ipv6Addr;
use std::time::Duration;

use super::ClientNetwork;

/// Where failed and successful attempts are remembered.
///
/// What is remembered is a time that runs out by itself: each failure adds to it, and as long as it is
/// long, more attempts are refused. A log that writes to disk lets that outlive a restart. The methods
/// are called within a session's task, so they must not block, and they must bound the memory that
/// strangers can fill.
pub trait AttemptLog: Send + Sync + 'static {
    /// How much time is left of what is remembered under this key.
    fn remaining(&self, key: &AttemptKey<'_>) -> Duration;

    /// Lengthens it, up to `longest`.
    fn extend(&self, key: &AttemptKey<'_>, by: Duration, longest: Duration);

    /// Forgets it.
    fn clear(&self, key: &AttemptKey<'_>);
}

/// What something is remembered about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AttemptKey<'a> {
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
