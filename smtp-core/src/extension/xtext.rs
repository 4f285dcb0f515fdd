//! `xtext` (RFC 3461 section 4): printable ASCII, in which `+` and two hexadecimal digits stand for
//! any octet.

/// Writes octets as xtext.
///
/// ```
/// use smtp_core::extension::xtext;
///
/// assert_eq!(xtext::encode(b"a+b=c d"), "a+2Bb+3Dc+20d");
/// assert_eq!(xtext::decode("a+2Bb+3Dc+20d").as_deref(), Some(&b"a+b=c d"[..]));
/// ```
pub fn encode(octets: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = String::with_capacity(octets.len());
    for &octet in octets {
        if is_plain(octet) {
            text.push(octet.into());
        } else {
            text.push('+');
            text.push(DIGITS[usize::from(octet >> 4)].into());
            text.push(DIGITS[usize::from(octet & 15)].into());
        }
    }
    text
}

/// Reads xtext; `None` if it is none. Hexadecimal digits are upper case.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let digit = |octet: u8| match octet {
        b'0'..=b'9' => Some(octet - b'0'),
        b'A'..=b'F' => Some(octet - b'A' + 10),
        _ => None,
    };
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'+' => digit(rest.next()?)? << 4 | digit(rest.next()?)?,
            _ if is_plain(octet) => octet,
            _ => return None,
        });
    }
    Some(octets)
}

fn is_plain(octet: u8) -> bool {
    matches!(octet, b'!'..=b'~') && octet != b'+' && octet != b'='
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_xtext() {
        for text in ["a b", "a=b", "+", "+2", "+2b", "+2G", "a+", "\u{e4}", "\0"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
        assert_eq!(decode("+C3+A9").as_deref(), Some("\u{e9}".as_bytes()));
        assert_eq!(decode(""), Some(Vec::new()));
    }
}
