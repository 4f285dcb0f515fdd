//! How many within the last minute, as Sendmail counts (`ConnectionRateWindowSize`).

use std::time::Duration;

use smtp_core::state::{Moment, StateEntry};

/// Seconds of a span.
const SPAN: u64 = 10;
/// How many spans are the window.
const SPANS: u64 = 6;
/// How many bits of an entry the count of a span has.
const BITS: u64 = 10;
const MOST: u64 = (1 << BITS) - 1;
const ALL: u64 = (1 << (BITS * SPANS)) - 1;

/// Counts one more, and says how many there are in this span and in the five before it. A span counts to 1023;
/// who was there as often has been there often enough for [`u32::MAX`].
pub(super) fn count(entry: &mut Option<StateEntry>, now: Moment) -> u32 {
    let span = now.since_epoch().as_secs() / SPAN;
    let counts = entry.map_or(0, |entry| {
        let last = (entry.until.since_epoch().as_secs() / SPAN).saturating_sub(SPANS);
        let gone = u32::try_from(span.saturating_sub(last) * BITS).unwrap_or(u32::MAX);
        entry.value.checked_shl(gone).unwrap_or(0) & ALL
    });
    let counts = if counts & MOST < MOST { counts + 1 } else { counts };
    let until = Moment::after_epoch(Duration::from_secs((span + SPANS) * SPAN));
    *entry = Some(StateEntry { value: counts, until });
    if counts & MOST == MOST {
        return u32::MAX;
    }
    let sum: u64 = (0..SPANS).map(|span| (counts >> (BITS * span)) & MOST).sum();
    u32::try_from(sum).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::after_epoch(Duration::from_secs(1_800_000_000 + seconds))
    }

    #[test]
    fn the_last_minute_counts() {
        let mut entry = None;
        let mut count = |seconds| count(&mut entry, at(seconds));
        assert_eq!([0, 9, 10, 35, 59].map(&mut count), [1, 2, 3, 4, 5]);
        // The first span is over, and with it its two.
        assert_eq!([60, 69].map(&mut count), [4, 5]);
        assert_eq!([70, 129, 130, 300].map(&mut count), [5, 2, 2, 1]);
        assert_eq!(entry.unwrap().until, at(360));
    }

    #[test]
    fn nonsense_and_floods_are_no_harm() {
        let mut entry = Some(StateEntry { value: u64::MAX, until: at(0) });
        assert!(count(&mut entry, at(0)) > 0);
        // A clock that was set back.
        assert!(count(&mut entry, Moment::after_epoch(Duration::ZERO)) > 0);
        let mut entry = None;
        let last = (0..2000).map(|_| count(&mut entry, at(0))).last();
        assert_eq!(last, Some(u32::MAX));
        assert_eq!(count(&mut entry, at(60)), 1);
    }
}
