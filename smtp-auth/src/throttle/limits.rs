use std::time::Duration;

/// So many failures in so much time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailureRate {
    /// How many are borne at once.
    pub failures: u32,
    /// How long it takes until all of them are forgiven; one after the other is.
    pub per: Duration,
}

impl FailureRate {
    /// So many an hour.
    pub const fn hourly(failures: u32) -> Self {
        Self { failures, per: Duration::from_secs(3600) }
    }

    /// How long it takes until one is forgiven.
    pub(super) fn step(&self) -> Duration {
        self.per / self.failures.max(1)
    }

    /// The number of failures that this time stands for.
    pub(super) fn failures_of(&self, remaining: Duration) -> u32 {
        let step = self.step().as_nanos().max(1);
        u32::try_from(remaining.as_nanos().div_ceil(step)).unwrap_or(u32::MAX)
    }
}

/// How much a [`Throttle`](super::Throttle) bears.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ThrottleLimits {
    /// Failures of a client, whatever the name; 30 an hour. Names by which it logged in before do not
    /// suffer.
    pub network: FailureRate,
    /// Failures of all clients of an IPv6 [site](super::ClientNetwork::site), whatever the name; 300 an
    /// hour. Clients do not suffer with names by which they logged in before.
    pub site: FailureRate,
    /// Failures of a client with one name; 10 an hour. A success makes up for them.
    pub pair: FailureRate,
    /// Failures with one name, wherever they come from; 50 an hour. More than that only make further
    /// failures slow, except from where the user is known: whoever could have a name refused
    /// everywhere would lock its user out.
    pub account: FailureRate,
    /// How long a client is known by a name by which it logged in; 30 days.
    pub known_for: Duration,
    /// How many attempts ask the store at once; 128.
    pub at_once: usize,
    /// How many of them are of one client; 4.
    pub at_once_per_network: usize,
}

impl Default for ThrottleLimits {
    fn default() -> Self {
        Self {
            network: FailureRate::hourly(30),
            site: FailureRate::hourly(300),
            pair: FailureRate::hourly(10),
            account: FailureRate::hourly(50),
            known_for: Duration::from_secs(30 * 24 * 3600),
            at_once: 128,
            at_once_per_network: 4,
        }
    }
}
