//! Header fields that nothing in them can end early, and whose lines are short (RFC 5322 section 2.1.1).

use std::borrow::Cow;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Zoned;
use jiff::fmt::StdFmtWrite;
use jiff::fmt::rfc2822::DateTimePrinter;

/// Where lines are folded if there is a space to do so.
const FOLD: usize = 76;
/// Where they are broken if there is none. Some octets are left for what comes around.
const BREAK: usize = 900;

/// Appends a field. What is not ASCII is escaped unless the field may be in UTF-8.
pub(super) fn push(text: &mut String, name: &str, value: &str, utf8: bool) {
    text.push_str(name);
    text.push_str(": ");
    let mut column = name.len() + 2;
    let value = clean(value, utf8);
    let mut words = value.trim().split(' ');
    let mut spaces = 0;
    if let Some(word) = words.next() {
        push_word(text, word, &mut column);
    }
    for word in words {
        spaces += 1;
        // A line of blanks alone would be an empty one for some.
        if word.is_empty() {
            continue;
        }
        if column + spaces + word.len() > FOLD {
            text.push_str("\r\n");
            column = 0;
        }
        spaces = spaces.min(FOLD);
        text.extend(std::iter::repeat_n(' ', spaces));
        column += spaces;
        spaces = 0;
        push_word(text, word, &mut column);
    }
    text.push_str("\r\n");
}

/// Appends a field with lines of its own, which are folded as they are; none if there are no lines.
pub(super) fn push_lines<'a>(
    text: &mut String,
    name: &str,
    prefix: &str,
    lines: impl Iterator<Item = Cow<'a, str>>,
) {
    for (index, line) in lines.filter(|line| !line.trim().is_empty()).enumerate() {
        if index == 0 {
            text.push_str(name);
            text.push_str(": ");
            text.push_str(prefix);
        }
        text.push(' ');
        push_word(text, line.trim(), &mut 0);
        text.push_str("\r\n");
    }
}

/// Appends unstructured text of a header field in which only ASCII may stand: other text as encoded words
/// (RFC 2047).
pub(super) fn push_text(text: &mut String, name: &str, value: &str) {
    let value = clean(value, true);
    if value.is_ascii() {
        return push(text, name, &value, false);
    }
    // 45 octets are 60 letters, which leaves a word below the 75 that it may have.
    let mut rest = &*value;
    let mut words = Vec::new();
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(rest.floor_char_boundary(45));
        words.push(format!("=?utf-8?B?{}?=", STANDARD.encode(piece)));
        rest = behind;
    }
    push(text, name, &words.join(" "), false);
}

/// The text without what ends lines, or is seen by nobody; in ASCII unless it may be UTF-8 (the form of
/// escapes is that of RFC 6533 section 3).
pub(super) fn clean(text: &str, utf8: bool) -> Cow<'_, str> {
    if text.bytes().all(|octet| matches!(octet, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            cleaned.push('?');
        } else if utf8 || character.is_ascii() {
            cleaned.push(character);
        } else {
            // Writing into a string cannot fail.
            let _ = write!(cleaned, "\\x{{{:02X}}}", u32::from(character));
        }
    }
    Cow::Owned(cleaned)
}

/// The date and time of RFC 5322 section 3.3.
pub(super) fn date(time: &Zoned) -> String {
    let mut text = String::with_capacity(32);
    let _ = DateTimePrinter::new().print_zoned(time, StdFmtWrite(&mut text));
    text
}

fn push_word(text: &mut String, mut word: &str, column: &mut usize) {
    while *column + word.len() > BREAK {
        let (piece, behind) = word.split_at(word.floor_char_boundary(BREAK.saturating_sub(*column)));
        text.push_str(piece);
        text.push_str("\r\n ");
        *column = 1;
        word = behind;
    }
    text.push_str(word);
    *column += word.len();
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn field(value: &str) -> String {
        let mut text = String::new();
        push(&mut text, "Name", value, false);
        text
    }

    #[test]
    fn folds_where_there_is_room() {
        assert_eq!(field("dns; mx.example.org"), "Name: dns; mx.example.org\r\n");
        assert_eq!(field("  a  b "), "Name: a  b\r\n");
        assert_eq!(field(""), "Name: \r\n");
        assert_eq!(
            field(&format!("a{}b", " ".repeat(2000))),
            format!("Name: a\r\n{}b\r\n", " ".repeat(FOLD))
        );
        assert_eq!(field("a\r\nBcc: b\0\u{2028}"), "Name: a??Bcc: b??\r\n");
        assert_eq!(field("j\u{f6}e"), "Name: j\\x{F6}e\r\n");
        let word = "x".repeat(50);
        assert_eq!(field(&format!("{word}  {word}")), format!("Name: {word}\r\n  {word}\r\n"));
        let long = field(&"x".repeat(2000));
        assert_eq!(long.replace("\r\n ", ""), format!("Name: {}\r\n", "x".repeat(2000)));
    }

    #[test]
    fn a_field_without_lines_is_none() {
        let mut text = String::new();
        push_lines(&mut text, "Name", "X;", ["", " "].into_iter().map(Cow::Borrowed));
        assert_eq!(text, "");
        push_lines(&mut text, "Name", "X;", ["a", "", "b "].into_iter().map(Cow::Borrowed));
        assert_eq!(text, "Name: X; a\r\n b\r\n");
    }

    #[test]
    fn other_text_is_encoded() {
        let mut text = String::new();
        push_text(&mut text, "Subject", "Nicht zugestellt: Gr\u{fc}\u{df}e");
        assert_eq!(text, "Subject: =?utf-8?B?TmljaHQgenVnZXN0ZWxsdDogR3LDvMOfZQ==?=\r\n");
    }

    proptest! {
        #[test]
        fn is_one_field_of_short_lines(value in r"(.|[ \r\n\t]|x{300}| {500}){0,12}", utf8: bool) {
            let mut text = String::new();
            push(&mut text, "Name", &value, utf8);
            push_text(&mut text, "Subject", &value);
            let body = text.strip_suffix("\r\n").unwrap();
            prop_assert!(utf8 || text.is_ascii());
            let mut fields = 0;
            for line in body.split("\r\n") {
                prop_assert!(line.len() <= 998);
                prop_assert!(!line.contains(['\r', '\n']));
                if !line.starts_with(' ') {
                    fields += 1;
                    prop_assert!(line.starts_with("Name:") || line.starts_with("Subject:"));
                } else {
                    prop_assert!(!line.trim_matches(' ').is_empty());
                }
            }
            prop_assert_eq!(fields, 2);
        }
    }
}
