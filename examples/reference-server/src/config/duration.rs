//! Durations as people write them.

use std::time::Duration;

use super::size::split;

/// A whole number and a unit: seconds, minutes, hours or days.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let seconds = match unit {
        "s" | "sec" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 60 * 60,
        "d" | "day" | "days" => 24 * 60 * 60,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_number_and_a_known_unit() {
        for (text, seconds) in [
            ("30 s", Some(30)),
            ("5min", Some(300)),
            ("1 hour", Some(3600)),
            ("2 minutes", Some(120)),
            ("5 days", Some(432_000)),
            ("0 s", Some(0)),
            ("5", None),
            ("min", None),
            ("5 fortnights", None),
            ("18446744073709551615 h", None),
        ] {
            assert_eq!(parse(text), seconds.map(Duration::from_secs), "{text:?}");
        }
    }
}
