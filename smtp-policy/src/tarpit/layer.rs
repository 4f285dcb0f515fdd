use std::time::Duration;

use tower_layer::Layer;

use super::TarpitService;

/// Delays refusals (5xx) once a session has had some. Place it outside the layers whose refusals it
/// is to delay, and inside those that end sessions: a client that is sent away may go at once.
#[derive(Debug, Clone, Copy)]
pub struct TarpitLayer {
    pub(super) pit: Pit,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Pit {
    free: u32,
    delay: Duration,
    max: Duration,
}

impl TarpitLayer {
    /// Three refusals are free, the next takes a second, and each further one twice as long as the
    /// one before it, up to 10 seconds.
    pub fn new() -> Self {
        Self { pit: Pit { free: 3, delay: Duration::from_secs(1), max: Duration::from_secs(10) } }
    }

    /// How many refusals of a session are free.
    #[must_use]
    pub fn free(mut self, refusals: u32) -> Self {
        self.pit.free = refusals;
        self
    }

    /// How long the first delay takes.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.pit.delay = delay;
        self
    }

    /// How long a delay takes at most. A client waits for five minutes (RFC 5321 section 4.5.3.2).
    #[must_use]
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.pit.max = delay;
        self
    }
}

impl Pit {
    /// How long this refusal of a session takes, counted from one.
    pub(super) fn delay_of(&self, refusal: u32) -> Duration {
        match refusal.saturating_sub(self.free) {
            0 => Duration::ZERO,
            late => self.delay.saturating_mul(1_u32.checked_shl(late - 1).unwrap_or(u32::MAX)).min(self.max),
        }
    }
}

impl Default for TarpitLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for TarpitLayer {
    type Service = TarpitService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        TarpitService { inner, pit: self.pit }
    }
}
