use std::fmt;
use std::net::Ipv4Addr;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// Some of the addresses with which lists answer: `127.0.0.2`, `127.0.0.4-11`, `127.0.*.2`. Each of the four
/// parts is a number, two of them with a hyphen in between, or `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListCodes([RangeInclusive<u8>; 4]);

/// The text is no [`ListCodes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListCodesError;

impl ListCodes {
    /// Whether this answer is one of them.
    pub fn contains(&self, answer: Ipv4Addr) -> bool {
        self.0.iter().zip(answer.octets()).all(|(part, octet)| part.contains(&octet))
    }
}

/// Whether a list may mean something by this answer (RFC 5782 section 2.1). 127.255.255.0/24 is what lists
/// answer with to whom they do not serve.
pub(super) fn is_meant(answer: Ipv4Addr) -> bool {
    let [first, second, third, _] = answer.octets();
    first == 127 && (second, third) != (255, 255)
}

impl FromStr for ListCodes {
    type Err = ListCodesError;

    fn from_str(text: &str) -> Result<Self, ListCodesError> {
        let parts: Vec<_> = text.split('.').map(part).collect::<Option<_>>().ok_or(ListCodesError)?;
        let parts: [RangeInclusive<u8>; 4] = parts.try_into().map_err(|_| ListCodesError)?;
        let is_loopback = parts[0] == (127..=127);
        is_loopback.then_some(Self(parts)).ok_or(ListCodesError)
    }
}

fn part(text: &str) -> Option<RangeInclusive<u8>> {
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    match text.split_once('-') {
        _ if text == "*" => Some(0..=u8::MAX),
        Some((first, last)) => {
            let range = number(first)?..=number(last)?;
            (!range.is_empty()).then_some(range)
        }
        None => number(text).map(|number| number..=number),
    }
}

impl fmt::Display for ListCodesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no answers of a list; write 127.0.0.2 or 127.0.0.2-11, with * for any number")
    }
}

impl std::error::Error for ListCodesError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_numbers_ranges_and_any() {
        for (codes, answer, expected) in [
            ("127.0.0.2", [127, 0, 0, 2], true),
            ("127.0.0.2", [127, 0, 0, 3], false),
            ("127.0.0.4-11", [127, 0, 0, 11], true),
            ("127.0.0.4-11", [127, 0, 0, 12], false),
            ("127.0.*.2", [127, 0, 200, 2], true),
            ("127.0.*.2", [127, 1, 200, 2], false),
        ] {
            let codes: ListCodes = codes.parse().unwrap();
            assert_eq!(codes.contains(answer.into()), expected, "{codes:?} {answer:?}");
        }
        for text in [
            "",
            "127.0.0",
            "127.0.0.0.2",
            "127.0.0.256",
            "127.0.0.9-4",
            "128.0.0.1",
            "127.0.0.+1",
            "*.0.0.1",
            "127.0.0.2-",
        ] {
            assert_eq!(text.parse::<ListCodes>(), Err(ListCodesError), "{text}");
        }
    }

    #[test]
    fn errors_and_strangers_mean_nothing() {
        for (answer, expected) in [
            ([127, 0, 0, 2], true),
            ([127, 255, 255, 254], false),
            ([192, 0, 2, 1], false),
            ([127, 255, 0, 1], true),
        ] {
            assert_eq!(is_meant(answer.into()), expected, "{answer:?}");
        }
    }
}
