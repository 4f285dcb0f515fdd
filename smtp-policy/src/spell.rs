//! Durations, for people who read a reply.

use std::fmt;
use std::time::Duration;

/// In the largest unit in which it is a whole number, rounded up from below a second.
pub(crate) struct Spelt(pub(crate) Duration);

impl fmt::Display for Spelt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs() + u64::from(self.0.subsec_nanos() > 0);
        let (number, unit) = match seconds {
            0 => (0, "second"),
            seconds if seconds % 86_400 == 0 => (seconds / 86_400, "day"),
            seconds if seconds % 3600 == 0 => (seconds / 3600, "hour"),
            seconds if seconds % 60 == 0 => (seconds / 60, "minute"),
            seconds => (seconds, "second"),
        };
        write!(f, "{number} {unit}{}", if number == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_spelt_in_whole_numbers() {
        for (milliseconds, text) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59_001, "1 minute"),
            (90_000, "90 seconds"),
            (3_600_000, "1 hour"),
            (7_200_000, "2 hours"),
            (172_800_000, "2 days"),
        ] {
            assert_eq!(Spelt(Duration::from_millis(milliseconds)).to_string(), text);
        }
    }
}
