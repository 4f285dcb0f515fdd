//! How values hide what would end them: octet 1, and another behind it.

use std::borrow::Cow;

const ESCAPE: u8 = 1;

/// What stands for what.
const PAIRS: [(u8, u8); 5] = [(0, b'0'), (ESCAPE, b'1'), (b'\t', b't'), (b'\r', b'r'), (b'\n', b'n')];

pub(super) fn escape(text: &str) -> Cow<'_, str> {
    let hidden = |octet: u8| PAIRS.iter().find(|(plain, _)| *plain == octet).map(|(_, stands)| *stands);
    if !text.bytes().any(|octet| hidden(octet).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match u8::try_from(character).ok().and_then(hidden) {
            Some(stands) => escaped.extend([char::from(ESCAPE), char::from(stands)]),
            None => escaped.push(character),
        }
    }
    Cow::Owned(escaped)
}

/// `None` if it is not UTF-8. What nobody would write stands for itself.
pub(super) fn unescape(octets: &[u8]) -> Option<String> {
    let mut plain = Vec::with_capacity(octets.len());
    let mut octets = octets.iter().copied();
    while let Some(octet) = octets.next() {
        if octet != ESCAPE {
            plain.push(octet);
        } else if let Some(next) = octets.next() {
            plain.push(PAIRS.iter().find(|(_, stands)| *stands == next).map_or(next, |(plain, _)| *plain));
        }
    }
    String::from_utf8(plain).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_hidden_is_found_again(text in "[\0\u{1}\t\r\nab\u{e9}]*") {
            let escaped = escape(&text);
            prop_assert!(!escaped.contains(['\0', '\t', '\r', '\n']));
            prop_assert_eq!(unescape(escaped.as_bytes()), Some(text));
        }

        #[test]
        fn nothing_panics(octets: Vec<u8>) {
            let _ = unescape(&octets);
        }
    }
}
