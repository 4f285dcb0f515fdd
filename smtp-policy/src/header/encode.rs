//! A field to be put in front of a message, on lines that every server takes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

/// The longest line that looks good (RFC 5322 section 2.1.1).
const LINE: usize = 78;
/// The longest line but for its CRLF.
const LONGEST: usize = 998;
/// How many octets of text fit into an encoded word (RFC 2047 section 2).
const WORD: usize = 45;

/// The field with its CRLF. Characters that are not printable become blanks, and a value that is not ASCII
/// goes as encoded words (RFC 2047). `None` if the name is none (RFC 5322 section 2.2).
pub(crate) fn encode(name: &str, value: &str) -> Option<Bytes> {
    let is_name = !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_graphic() && octet != b':');
    if !is_name || name.len() > LINE {
        return None;
    }
    let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words = if value.is_ascii() { plain(&value) } else { encoded(&value) };
    let (mut text, mut column) = (format!("{name}:"), name.len() + 1);
    for word in words {
        // The first word stays behind the name: a line of nothing but white space means trouble.
        let fold = column + 1 + word.len() > LINE && column > name.len() + 1;
        text.push_str(if fold { "\r\n " } else { " " });
        column = if fold { 1 } else { column + 1 } + word.len();
        text.push_str(&word);
    }
    text.push_str("\r\n");
    Some(text.into())
}

fn plain(value: &str) -> Vec<String> {
    let longest = LONGEST - LINE - 2;
    let pieces = |word: &str| -> Vec<String> {
        word.as_bytes().chunks(longest).map(|piece| String::from_utf8_lossy(piece).into_owned()).collect()
    };
    value.split_ascii_whitespace().flat_map(pieces).collect()
}

fn encoded(value: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for character in value.trim().chars() {
        match words.last_mut() {
            Some(word) if word.len() + character.len_utf8() <= WORD => word.push(character),
            _ => words.push(character.to_string()),
        }
    }
    words.into_iter().map(|word| format!("=?utf-8?B?{}?=", STANDARD.encode(word))).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_are_folded_and_encoded() {
        let long = "word ".repeat(20);
        for (name, value, expected) in [
            ("X-Spam", "yes", "X-Spam: yes\r\n"),
            ("X-Spam", "a\r\nBcc: evil@example.org", "X-Spam: a Bcc: evil@example.org\r\n"),
            ("X", "", "X:\r\n"),
            ("X", "Gr\u{fc}\u{df}e", "X: =?utf-8?B?R3LDvMOfZQ==?=\r\n"),
        ] {
            assert_eq!(encode(name, value).unwrap(), expected, "{value}");
        }
        let folded = encode("X", &long).unwrap();
        assert_eq!(folded.windows(3).filter(|octets| octets == b"\r\n ").count(), 1);
        for name in ["", "a b", "a:", "\u{e4}", "a\r\n"] {
            assert_eq!(encode(name, "x"), None, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn whatever_the_value_it_is_one_field(value in "(\\PC|[\r\n\0 ]|x{500}){0,20}") {
            let field = String::from_utf8(encode("X-Field", &value).unwrap().to_vec()).unwrap();
            let (last, before) = {
                let mut lines: Vec<_> = field.split("\r\n").collect();
                (lines.pop(), lines)
            };
            prop_assert_eq!(last, Some(""));
            for (index, line) in before.iter().enumerate() {
                prop_assert!(line.len() <= LONGEST && line.is_ascii() && !line.contains(['\r', '\n']));
                prop_assert!(!line.trim().is_empty());
                prop_assert_eq!(line.starts_with(' '), index > 0);
            }
        }
    }
}
