//! Failed attempts are slow and few.

use std::time::Duration;

use smtp_core::{Reply, Session};

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

impl FailureLimit {
    /// Counts a failed attempt, waits, and gives the answer to it.
    pub(super) async fn refuse(&self, session: &Session) -> Reply {
        let count = session.connection().with(|failures: &mut Failures| {
            failures.0 = failures.0.saturating_add(1);
            failures.0
        });
        tokio::time::sleep(self.delay_of(count)).await;
        if count >= self.max {
            return Reply::new(421, "4.7.0 too many failed authentications, closing connection");
        }
        Reply::new(535, "5.7.8 authentication credentials invalid")
    }

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
