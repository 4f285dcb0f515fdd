use tower_layer::Layer;

use super::SessionLimitsService;

/// Ends sessions that go beyond a budget with 421 4.7.0. Place it outside the layers whose refusals
/// are to count. Clients are told of the budget of transactions by LIMITS (RFC 9422).
///
/// STARTTLS starts the counts anew, once: nothing learnt before it may be relied upon after it.
#[derive(Debug, Clone, Copy)]
pub struct SessionLimitsLayer {
    limits: Limits,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) commands: u32,
    pub(super) errors: u32,
    pub(super) transactions: u32,
}

impl SessionLimitsLayer {
    /// 10,000 commands, 20 errors and 1,000 transactions.
    pub fn new() -> Self {
        Self { limits: Limits { commands: 10_000, errors: 20, transactions: 1000 } }
    }

    /// How many commands a client may send.
    #[must_use]
    pub fn commands(mut self, commands: u32) -> Self {
        self.limits.commands = commands;
        self
    }

    /// How many commands may be answered with 5xx: the next one ends the session.
    #[must_use]
    pub fn errors(mut self, errors: u32) -> Self {
        self.limits.errors = errors;
        self
    }

    /// How many MAIL commands a client may send.
    #[must_use]
    pub fn transactions(mut self, transactions: u32) -> Self {
        self.limits.transactions = transactions;
        self
    }
}

impl Default for SessionLimitsLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for SessionLimitsLayer {
    type Service = SessionLimitsService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        SessionLimitsService { inner, limits: self.limits }
    }
}
