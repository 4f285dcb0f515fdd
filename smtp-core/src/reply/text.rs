use std::borrow::Cow;
use std::fmt::Write as _;

/// Replaces what may not stand in the text of a reply: control characters but for the line feeds
/// that divide lines. A line feed at the end divides nothing.
pub(super) fn clean(text: Cow<'static, str>) -> Cow<'static, str> {
    let ascii = text.bytes().all(|byte| matches!(byte, b'\n' | b' '..=b'~'));
    if ascii && !text.ends_with('\n') {
        return text;
    }
    // The two separators end a line for some who show it.
    let allowed = |c: char| c == '\n' || !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}');
    let replace = |c: char| if allowed(c) { c } else { '?' };
    Cow::Owned(text.trim_end_matches('\n').chars().map(replace).collect())
}

/// The text in ASCII: another character is written as `\x{E4}` (RFC 6533 section 3).
pub(super) fn to_ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() * 2);
    for character in text.chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            // Writing into a string cannot fail.
            let _ = write!(escaped, "\\x{{{:02X}}}", u32::from(character));
        }
    }
    Cow::Owned(escaped)
}
