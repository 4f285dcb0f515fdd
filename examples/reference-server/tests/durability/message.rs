//! Messages that are known by their number alone.

use std::ops::RangeInclusive;

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};

/// Of the content, in octets. Small ones are kept in memory on their way, large ones are not.
const SMALL: RangeInclusive<usize> = 1024..=16 * 1024;
const LARGE: RangeInclusive<usize> = 16 * 1024..=600 * 1024;
/// Of a line; at most what SMTP allows.
const LINE: RangeInclusive<usize> = 0..=950;

const FIELD: &str = "X-Number: ";

/// The content as it stands in a mailbox.
pub(crate) fn stored(number: u64) -> Vec<u8> {
    written(number, ".", "\n")
}

/// The content as it is sent, with its end.
pub(crate) fn sent(number: u64) -> Vec<u8> {
    let mut octets = written(number, "..", "\r\n");
    octets.extend(b".\r\n");
    octets
}

/// The number of a message, and where its content begins behind the fields of the server.
pub(crate) fn find(mail: &[u8]) -> Option<(u64, &[u8])> {
    let start = mail.windows(FIELD.len()).position(|window| window == FIELD.as_bytes())?;
    let content = &mail[start..];
    let line = content.split(|octet| *octet == b'\n').next()?;
    let number = std::str::from_utf8(&line[FIELD.len()..]).ok()?.parse().ok()?;
    Some((number, content))
}

fn written(number: u64, dot: &str, end: &str) -> Vec<u8> {
    let mut random = SmallRng::seed_from_u64(number);
    let size = if random.random() { random.random_range(SMALL) } else { random.random_range(LARGE) };
    let mut octets = format!("{FIELD}{number}{end}Subject: message {number}{end}{end}").into_bytes();
    let fill = format!("{number} ").repeat(*LINE.end());
    let mut left = size;
    while left > 0 {
        let length = random.random_range(LINE).min(left - 1);
        // Every other line begins with a dot, which has to be doubled on the way.
        if random.random() {
            octets.extend(dot.as_bytes());
        }
        octets.extend(&fill.as_bytes()[..length]);
        octets.extend(end.as_bytes());
        left -= length + 1;
    }
    octets
}
