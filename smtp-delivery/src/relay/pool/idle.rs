use std::collections::VecDeque;
use std::sync::Arc;

use smtp_core::Host;
use smtp_core::client::{Destination, TlsDemand};
use tokio::time::Instant;

use super::PoolOptions;
use crate::relay::Connect;
use crate::relay::connection::Connection;
use crate::relay::settings::Settings;

/// All that makes connections different. What is compared by where it lies is held, so that nothing
/// else can come to lie there.
pub(in crate::relay) struct Key {
    pub(in crate::relay) settings: Arc<Settings>,
    /// What makes the connections, where that is not TCP to the destination.
    pub(in crate::relay) over: Option<Arc<dyn Connect>>,
    pub(in crate::relay) destination: Destination,
    pub(in crate::relay) name: Host,
    pub(in crate::relay) demand: TlsDemand,
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        let same = |one: &Option<_>, other: &Option<_>| match (one, other) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        };
        self.destination == other.destination
            && self.name == other.name
            && self.demand == other.demand
            && same(&self.over, &other.over)
            && self.settings.make_the_same_connections(&other.settings)
    }
}

struct Waiting {
    key: Key,
    connection: Connection,
    since: Instant,
}

/// The connections that wait, those that have waited longest first.
#[derive(Default)]
pub(super) struct Idle(VecDeque<Waiting>);

impl Idle {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The connection for this that was used last: it has the best chances to be alive.
    pub(super) fn take(&mut self, key: &Key) -> Option<Connection> {
        let index = self.0.iter().rposition(|waiting| waiting.key == *key)?;
        self.0.remove(index).map(|waiting| waiting.connection)
    }

    /// Adds a connection; gives those for which there is no room any more.
    pub(super) fn put(&mut self, key: Key, connection: Connection, limits: &PoolOptions) -> Vec<Connection> {
        let mut crowded_out = Vec::new();
        let mut of_same = self.0.iter().enumerate().filter(|(_, waiting)| waiting.key == key);
        let oldest = of_same.next().map(|(index, _)| index);
        if of_same.count() + 2 > limits.max_idle_per_destination
            && let Some(oldest) = oldest.and_then(|index| self.0.remove(index))
        {
            crowded_out.push(oldest.connection);
        }
        self.0.push_back(Waiting { key, connection, since: Instant::now() });
        while self.0.len() > limits.max_idle
            && let Some(oldest) = self.0.pop_front()
        {
            crowded_out.push(oldest.connection);
        }
        crowded_out
    }

    /// Those that have waited for too long.
    pub(super) fn take_expired(&mut self, limits: &PoolOptions) -> Vec<Connection> {
        let now = Instant::now();
        let expired = self.0.partition_point(|waiting| waiting.since + limits.idle_timeout <= now);
        self.0.drain(..expired).map(|waiting| waiting.connection).collect()
    }

    /// When the next one will have.
    pub(super) fn next_expiry(&self, limits: &PoolOptions) -> Option<Instant> {
        self.0.front().map(|waiting| waiting.since + limits.idle_timeout)
    }

    pub(super) fn take_all(&mut self) -> Vec<Connection> {
        self.0.drain(..).map(|waiting| waiting.connection).collect()
    }
}
