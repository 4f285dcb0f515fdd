//! What is known of who came before, as entries of a store.

use std::time::Duration;

use smtp_core::state::{Moment, StateEntry};

/// What stands in the entry of a pair that came through; of one that waits it is the time of the first try.
const PASSED: u64 = 0;

#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) delay: Duration,
    pub(super) window: Duration,
    pub(super) lifetime: Duration,
}

/// What becomes of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Try {
    /// It has to come again, after this time.
    Wait(Duration),
    /// It has waited.
    PassesFirst,
    /// It has come through before.
    Passes,
}

impl Times {
    /// Notes a try of a network with a sender and a recipient.
    pub(super) fn note(self, entry: &mut Option<StateEntry>, now: Moment) -> Try {
        let passed = Some(StateEntry { value: PASSED, until: now + self.lifetime });
        match *entry {
            None => {
                *entry = Some(StateEntry { value: milliseconds(now), until: now + self.window });
                Try::Wait(self.delay)
            }
            Some(StateEntry { value: PASSED, .. }) => {
                *entry = passed;
                Try::Passes
            }
            Some(StateEntry { value: first, .. }) => {
                let waited = Duration::from_millis(milliseconds(now).saturating_sub(first));
                match self.delay.checked_sub(waited) {
                    None | Some(Duration::ZERO) => {
                        *entry = passed;
                        Try::PassesFirst
                    }
                    Some(rest) => Try::Wait(rest),
                }
            }
        }
    }

    /// Notes that one more came through from a network.
    pub(super) fn count(self, entry: &mut Option<StateEntry>, now: Moment) {
        let passes = entry.map_or(0, |entry| entry.value).saturating_add(1);
        *entry = Some(StateEntry { value: passes, until: now + self.lifetime });
    }

    /// Whether the network has come through often enough; who comes again is known for longer.
    pub(super) fn is_known(self, entry: &mut Option<StateEntry>, now: Moment, passes: u32) -> bool {
        let known = entry.as_mut().filter(|entry| entry.value >= u64::from(passes));
        known.map(|entry| entry.until = now + self.lifetime).is_some()
    }
}

/// Never that of one that passed.
fn milliseconds(moment: Moment) -> u64 {
    u64::try_from(moment.since_epoch().as_millis()).unwrap_or(u64::MAX).max(PASSED + 1)
}
