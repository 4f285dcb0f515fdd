use std::time::Duration;

use tokio::time::Instant;

/// How fast a client sends a message: by how long it made the server wait.
pub(super) struct Pace {
    /// How long it may in any case.
    grace: Duration,
    /// And for how many octets a second longer.
    rate: u32,
    received: u64,
    waited: Duration,
    waiting_since: Option<Instant>,
}

impl Pace {
    /// `None` if the client may take its time.
    pub(super) fn new(grace: Duration, rate: u32) -> Option<Self> {
        let pace = Self { grace, rate, received: 0, waited: Duration::ZERO, waiting_since: None };
        (rate > 0).then_some(pace)
    }

    /// The server waits; says how long it will do so at most.
    pub(super) fn patience(&mut self) -> Duration {
        self.waiting_since.get_or_insert_with(Instant::now);
        let earned = Duration::from_secs(self.received / u64::from(self.rate));
        self.grace.saturating_add(earned).saturating_sub(self.waited)
    }

    /// Octets came in, which ends a wait.
    pub(super) fn receive(&mut self, octets: usize) {
        self.received += octets as u64;
        if let Some(since) = self.waiting_since.take() {
            self.waited += since.elapsed();
        }
    }
}
