//! Quoted-printable (RFC 2045 section 6.7): any octets in short lines of ASCII that people can mostly read.

const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
/// The longest line without its CRLF.
const MAX_LINE: usize = 76;

/// Writes octets, whose lines end with CRLF, as quoted-printable.
pub(super) fn encode(octets: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(octets.len() + octets.len() / 8);
    let mut column = 0;
    let mut rest = octets;
    while let Some((&octet, behind)) = rest.split_first() {
        if rest.starts_with(b"\r\n") {
            encoded.extend_from_slice(b"\r\n");
            column = 0;
            rest = &rest[2..];
            continue;
        }
        // What stands at the end of a line and is not seen may get lost.
        let is_last = behind.is_empty() || behind.starts_with(b"\r\n");
        let plain = match octet {
            b' ' | b'\t' => !is_last,
            b'=' => false,
            _ => matches!(octet, b'!'..=b'~'),
        };
        let width = if plain { 1 } else { 3 };
        // The last on a line needs no room for the sign that the line goes on.
        if column + width > MAX_LINE - usize::from(!is_last) {
            encoded.extend_from_slice(b"=\r\n");
            column = 0;
        }
        if plain {
            encoded.push(octet);
        } else {
            let digit = |number: u8| DIGITS[usize::from(number & 15)];
            encoded.extend_from_slice(&[b'=', digit(octet >> 4), digit(octet)]);
        }
        column += width;
        rest = behind;
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(encoded: &[u8]) -> Vec<u8> {
        let mut octets = Vec::new();
        let mut rest = encoded;
        while let Some((&octet, behind)) = rest.split_first() {
            rest = behind;
            if octet != b'=' {
                octets.push(octet);
            } else if let Some(behind) = rest.strip_prefix(b"\r\n") {
                rest = behind;
            } else {
                let digits = std::str::from_utf8(&rest[..2]).unwrap();
                octets.push(u8::from_str_radix(digits, 16).unwrap());
                rest = &rest[2..];
            }
        }
        octets
    }

    #[test]
    fn people_can_read_most_of_it() {
        for (text, expected) in [
            ("hello\r\n", "hello\r\n"),
            ("a=b \r\n\tc\t", "a=3Db=20\r\n\tc=09"),
            ("gr\u{fc}n", "gr=C3=BCn"),
            ("a\rb\nc\0", "a=0Db=0Ac=00"),
        ] {
            assert_eq!(encode(text.as_bytes()), expected.as_bytes(), "{text:?}");
        }
        let long = "x".repeat(77);
        assert_eq!(encode(long.as_bytes()), format!("{}=\r\nxx", &long[..75]).as_bytes());
        assert_eq!(encode(&long.as_bytes()[..76]), &long.as_bytes()[..76]);
    }

    proptest! {
        #[test]
        fn reads_back(octets in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b' '), any::<u8>()], 0..300)) {
            let encoded = encode(&octets);
            prop_assert_eq!(decode(&encoded), octets);
            let text = std::str::from_utf8(&encoded).unwrap();
            for line in text.split("\r\n") {
                prop_assert!(line.len() <= MAX_LINE && !line.ends_with([' ', '\t']), "{:?}", line);
                prop_assert!(line.bytes().all(|octet| octet == b'\t' || matches!(octet, b' '..=b'~')));
            }
        }
    }
}
