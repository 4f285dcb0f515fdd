use std::time::Duration;

/// The limits of a [`Pool`](super::Pool).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PoolOptions {
    /// How long a connection waits for a message: 10 seconds. Servers want theirs back for others.
    pub idle_timeout: Duration,
    /// How long a connection is used: 5 minutes. What was decided about TLS does not stand for longer.
    pub max_age: Duration,
    /// How many messages go over a connection: 100. A next hop that tells of fewer gets fewer (RFC
    /// 9422, MAILMAX).
    pub max_messages: u32,
    /// How many connections wait, in all: 100. Those that have waited longest give way.
    pub max_idle: usize,
    /// How many connections wait that serve the same messages: 4.
    pub max_idle_per_destination: usize,
}

impl Default for PoolOptions {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(10),
            max_age: Duration::from_mins(5),
            max_messages: 100,
            max_idle: 100,
            max_idle_per_destination: 4,
        }
    }
}
