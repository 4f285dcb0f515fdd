use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;

/// Digits and small letters without those that are easily mistaken for others.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const LENGTH: usize = 18;

/// What tells two processes apart that were started at the same moment.
static PROCESS: LazyLock<u32> = LazyLock::new(rand::random);
static COUNTER: AtomicU32 = AtomicU32::new(0);

/// The name of one message on this server, as in the `id` clause of its `Received:` field.
///
/// It sorts by time, and is made of lower-case ASCII letters and digits. A service further in
/// finds it in the transaction's map of the session, to name it in replies and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId([u8; LENGTH]);

impl TraceId {
    /// A new one: 11 letters for the time in microseconds, 3 for a counter, 4 for the process.
    pub(crate) fn new(now: Timestamp) -> Self {
        let count = u128::from(COUNTER.fetch_add(1, Ordering::Relaxed) & 0x7fff);
        let process = u128::from(*PROCESS & 0xf_ffff);
        let time = u128::try_from(now.as_microsecond()).unwrap_or(0);
        let mut rest = time << 35 | count << 20 | process;
        let mut letters = [0; LENGTH];
        for letter in letters.iter_mut().rev() {
            *letter = ALPHABET[(rest % 32) as usize];
            rest /= 32;
        }
        Self(letters)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// A text that is no [`TraceId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceIdError;

impl fmt::Display for TraceIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not the name of a message: {LENGTH} digits and small letters")
    }
}

impl std::error::Error for TraceIdError {}

impl FromStr for TraceId {
    type Err = TraceIdError;

    fn from_str(text: &str) -> Result<Self, TraceIdError> {
        let letters = <[u8; LENGTH]>::try_from(text.as_bytes()).map_err(|_| TraceIdError)?;
        let known = letters.iter().all(|letter| ALPHABET.contains(letter));
        known.then_some(Self(letters)).ok_or(TraceIdError)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn is_unique_and_sorts_by_time() {
        let now = Timestamp::now();
        let same_moment: HashSet<TraceId> = (0..20_000).map(|_| TraceId::new(now)).collect();
        assert_eq!(same_moment.len(), 20_000);
        let later = TraceId::new(now + jiff::SignedDuration::from_micros(1));
        assert!(same_moment.iter().all(|id| id.as_str() < later.as_str()));
        assert_eq!(later.as_str().len(), LENGTH);
    }

    #[test]
    fn is_read_as_it_is_written() {
        let id = TraceId::new(Timestamp::now());
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in
            ["", "0123456789abcdefg", "0123456789abcdefgl", "0123456789ABCDEFGH", "0123456789abcdefghj"]
        {
            assert_eq!(text.parse::<TraceId>(), Err(TraceIdError), "{text}");
        }
    }
}
