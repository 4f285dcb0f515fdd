//! What clients say, and what they are told.

use std::fmt;

/// The code of a reply, and its enhanced status if it refuses; those of acceptance are a matter of taste.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Answer(pub(crate) u16, String);

impl Answer {
    /// Of a line as it goes over the wire.
    pub(crate) fn of(line: &str) -> Self {
        let mut words = line.split_whitespace();
        let code = words.next().and_then(|code| code.parse().ok());
        let code = code.unwrap_or_else(|| panic!("{line:?} is no reply"));
        let status = words.next().filter(|word| code >= 400 && word.split('.').count() == 3);
        Self(code, status.unwrap_or_default().to_owned())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, self.1)
    }
}

/// What is offered unless the map takes it away.
pub(crate) const OFFERS: [&str; 5] = ["STARTTLS", "AUTH", "DSN", "ETRN", "EXPN"];

/// Addresses of clients.
pub(crate) const CLIENTS: [[u8; 4]; 18] = [
    [127, 0, 2, 1],
    [127, 0, 3, 4],
    [127, 0, 3, 5],
    [127, 0, 4, 1],
    [127, 0, 5, 1],
    [127, 0, 6, 1],
    [127, 0, 7, 1],
    [127, 0, 8, 1],
    [127, 0, 9, 1],
    [127, 0, 10, 1],
    [127, 0, 11, 1],
    [127, 0, 11, 12],
    [127, 0, 12, 1],
    [127, 0, 12, 2],
    [127, 0, 30, 1],
    [127, 0, 31, 1],
    [127, 0, 32, 1],
    [127, 0, 40, 1],
];

pub(crate) const SENDERS: [&str; 26] = [
    "<>",
    "<a@spam.example>",
    "<a@SUB.spam.example>",
    "<good@spam.example>",
    "<a@discarded.example>",
    "<a@error1.example>",
    "<a@error2.example>",
    "<a@error3.example>",
    "<a@error4.example>",
    "<a@error5.example>",
    "<a@error6.example>",
    "<a@error7.example>",
    "<a@sub.skip.example>",
    "<a@skip.example>",
    "<bad@any.example>",
    "<bad+x@any.example>",
    "<joe+x@d.example>",
    "<joe+y@d.example>",
    "<jim+q@d.example>",
    "<jim@d.example>",
    "<sam+any@d.example>",
    "<sam@sub.d.example>",
    "<a@held.example>",
    "<a@untagged.example>",
    "<welcome@example.com>",
    "<stranger@example.com>",
];

pub(crate) const RECIPIENTS: [&str; 18] = [
    "<root@local.example>",
    "<postmaster>",
    "<nobody@local.example>",
    "<nobody@relay.example>",
    "<nobody@other.example>",
    "<no@local.example>",
    "<no+x@local.example>",
    "<x@rejected.example>",
    "<x@sub.rejected.example>",
    "<x@sub.relay.example>",
    "<full@relay.example>",
    "<full+x@relay.example>",
    "<x%other.example@relay.example>",
    "<x@untagged.example>",
    "<x@both.example>",
    "<x@other.example>",
    "<gone@local.example>",
    "<x@relay.example.other.example>",
];
