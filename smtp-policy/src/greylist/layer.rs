use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use smtp_core::Mailbox;
use smtp_core::state::State;
use tower_layer::Layer;

use super::guard::GreylistGuard;
use crate::guard::GuardService;
use crate::{AccessMap, DomainPattern};

/// Has strangers wait. Where it stands among the layers that know recipients makes no difference.
#[derive(Clone)]
pub struct GreylistLayer {
    guard: Arc<GreylistGuard>,
}

impl GreylistLayer {
    /// Five minutes of delay, a window of two days, 35 days of memory, and free passage for networks (24 bits
    /// of IPv4, 64 of IPv6) once five pairs of a sender and a recipient have come through.
    pub fn new(state: State) -> Self {
        Self { guard: Arc::new(GreylistGuard::new(state)) }
    }

    /// How long a first try waits at least.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.guard().times.delay = delay;
        self
    }

    /// Within what time behind a first try another one counts.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.guard().times.window = window;
        self
    }

    /// How long who came through is known, from the last message on.
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.guard().times.lifetime = lifetime;
        self
    }

    /// How many pairs of a sender and a recipient must have come through from a network for it to wait no
    /// more; 0 for never.
    #[must_use]
    pub fn known_after(mut self, passes: u32) -> Self {
        self.guard().known_after = passes;
        self
    }

    /// How many bits of an address are one network, in IPv4 and in IPv6: big senders try again from elsewhere.
    #[must_use]
    pub fn network_bits(mut self, v4: u8, v6: u8) -> Self {
        self.guard().bits = (v4, v6);
        self
    }

    /// Refuses at the start of data rather than at RCPT, the whole message if any of its recipients has to
    /// wait.
    #[must_use]
    pub fn at_data(mut self) -> Self {
        self.guard().at_data = true;
        self
    }

    /// Clients of these networks do not wait.
    #[must_use]
    pub fn exempt_networks(mut self, networks: impl IntoIterator<Item = IpNet>) -> Self {
        self.guard().strangers.exempt_networks(networks);
        self
    }

    /// Clients whose entry in the map is `OK` or `RELAY` do not wait.
    #[must_use]
    pub fn exempt_by(mut self, map: AccessMap) -> Self {
        self.guard().strangers.exempt_by(map);
        self
    }

    /// Clients of these confirmed names do not wait: see [`ClientNameLayer`](crate::ClientNameLayer).
    #[must_use]
    pub fn exempt_clients(mut self, names: impl IntoIterator<Item = DomainPattern>) -> Self {
        self.guard().exempt_clients.extend(names);
        self
    }

    /// Nobody waits who writes to these.
    #[must_use]
    pub fn exempt_recipients(mut self, recipients: impl IntoIterator<Item = Mailbox>) -> Self {
        let names = recipients.into_iter().map(|mailbox| mailbox.to_string().to_lowercase());
        self.guard().exempt_recipients.extend(names);
        self
    }

    fn guard(&mut self) -> &mut GreylistGuard {
        Arc::make_mut(&mut self.guard)
    }
}

impl<S> Layer<S> for GreylistLayer {
    type Service = GuardService<S, GreylistGuard>;

    fn layer(&self, inner: S) -> Self::Service {
        GuardService::new(inner, &self.guard)
    }
}

impl fmt::Debug for GreylistLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GreylistLayer").field("times", &self.guard.times).finish_non_exhaustive()
    }
}
