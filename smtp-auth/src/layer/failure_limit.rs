//! Failed attempts are slow and few.

use std::time::Duration;

use smtp_core::{Reply, Session};

use super::settings::Settings;

const LONGEST_DELAY: Duration = Duration::from_secs(30);

/// How many attempts of a connection may fail, and how long each waits.
#[derive(Debug, Clone, Copy)]
pub(super) struct FailureLimit {
    pub(super) max: u32,
    pub(super) delay: Duration,
}

impl Default for FailureLimit {
    fn default() -> Self {
        Self { max: 3, delay: Duration::from_secs(1) }
    }
}

/// How many attempts failed in this connection.
#[derive(Default)]
struct Failures(u32);

impl Settings {
    /// Counts a failed attempt with this name, waits, and gives the answer to it.
    pub(super) async fn refuse(&self, name: Option<&str>, session: &Session) -> Reply {
        // Before the wait: who does not wait for the answer gains nothing.
        let of_client = self.throttle.failed(name, session).await;
        let of_session = session.connection().with(|failures: &mut Failures| {
            failures.0 = failures.0.saturating_add(1);
            failures.0
        });
        tokio::time::sleep(self.failures.delay_of(of_session.max(of_client))).await;
        if of_session >= self.failures.max {
            return Reply::new(421, "4.7.0 too many failed authentications, closing connection");
        }
        Reply::new(535, "5.7.8 authentication credentials invalid")
    }
}

impl FailureLimit {
    fn delay_of(&self, count: u32) -> Duration {
        let factor = 2_u32.saturating_pow(count.saturating_sub(1));
        self.delay.saturating_mul(factor).min(LONGEST_DELAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_doubles_up_to_its_bound() {
        let limit = FailureLimit::default();
        let seconds = [0, 1, 2, 3, 4, 5, 6, 7, 100, u32::MAX].map(|count| limit.delay_of(count).as_secs());
        assert_eq!(seconds, [1, 1, 2, 4, 8, 16, 30, 30, 30, 30]);
        let none = FailureLimit { delay: Duration::ZERO, ..limit };
        assert_eq!(none.delay_of(u32::MAX), Duration::ZERO);
    }
}
