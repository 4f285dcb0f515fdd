use std::fmt;

use super::usage::Amount;

/// How much a mailbox may hold, with all its folders but the trash.
///
/// ```
/// use smtp_delivery::maildir::Quota;
///
/// let quota = Quota::new().bytes(1_000_000_000).messages(100_000);
/// assert_eq!(quota.to_string(), "1000000000S,100000C");
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Quota {
    bytes: Option<u64>,
    messages: Option<u64>,
}

impl Quota {
    /// Without limits.
    pub fn new() -> Self {
        Self::default()
    }

    /// So many octets in all, as the messages' files have them.
    #[must_use]
    pub fn bytes(mut self, octets: u64) -> Self {
        self.bytes = Some(octets);
        self
    }

    /// So many messages.
    #[must_use]
    pub fn messages(mut self, messages: u64) -> Self {
        self.messages = Some(messages);
        self
    }

    /// Whether there is a message of this size that may ever fit.
    pub(super) fn has_room_for(&self, octets: u64) -> bool {
        self.bytes.is_none_or(|bytes| octets <= bytes) && self.messages != Some(0)
    }

    pub(super) fn allows(&self, amount: Amount) -> bool {
        let within = |limit: Option<u64>, used: i64| {
            limit.is_none_or(|limit| u64::try_from(used).unwrap_or_default() <= limit)
        };
        within(self.bytes, amount.octets) && within(self.messages, amount.messages)
    }

    /// Reads the first line of the file; `None` if it has something that nobody knows.
    pub(super) fn parse(line: &str) -> Option<Self> {
        let mut quota = Self::new();
        for part in line.trim().split(',').filter(|part| !part.is_empty()) {
            let (number, kind) = part.split_at_checked(part.len() - 1)?;
            let number = number.parse().ok()?;
            // A number of 0 is no limit, as others write it.
            let limit = Some(number).filter(|number| *number > 0);
            match kind {
                "S" => quota.bytes = limit,
                "C" => quota.messages = limit,
                _ => return None,
            }
        }
        Some(quota)
    }
}

impl fmt::Display for Quota {
    /// As the file has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts =
            [self.bytes.map(|bytes| format!("{bytes}S")), self.messages.map(|count| format!("{count}C"))];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_as_it_is_written() {
        for quota in [
            Quota::new(),
            Quota::new().bytes(10),
            Quota::new().messages(7),
            Quota::new().bytes(u64::MAX).messages(1),
        ] {
            assert_eq!(Quota::parse(&quota.to_string()), Some(quota));
        }
        assert_eq!(Quota::parse("5C,10S"), Some(Quota::new().bytes(10).messages(5)));
        assert_eq!(Quota::parse("10S,0C"), Some(Quota::new().bytes(10)));
        for line in ["10", "10X", "S", "-1S", "10S 5C", "\u{e4}"] {
            assert_eq!(Quota::parse(line), None, "{line}");
        }
    }

    #[test]
    fn what_is_used_up_is_used_up() {
        let quota = Quota::new().bytes(10).messages(2);
        for (octets, messages, expected) in
            [(10, 2, true), (11, 1, false), (1, 3, false), (-5, 0, true), (i64::MAX, 0, false)]
        {
            assert_eq!(quota.allows(Amount { octets, messages }), expected);
        }
        assert!(quota.has_room_for(10) && !quota.has_room_for(11));
    }
}
