//! The list of directives that both sides write (RFC 2831 section 7.1).

use std::borrow::Cow;

use crate::mechanism::Violation;

/// A name and its value, without the quotes.
pub(super) type Directive<'a> = (&'a str, Cow<'a, [u8]>);

/// Reads `name=value, name="quoted value"`; a backslash within quotes takes the next octet as it is.
pub(super) fn parse(text: &[u8]) -> Result<Vec<Directive<'_>>, Violation> {
    let mut directives = Vec::new();
    let mut rest = text;
    loop {
        rest = skip_separators(rest);
        if rest.is_empty() {
            return Ok(directives);
        }
        let (name, behind) = split_name(rest)?;
        let (value, behind) = split_value(behind)?;
        directives.push((name, value));
        rest = behind.trim_ascii_start();
        if !rest.is_empty() && !rest.starts_with(b",") {
            return Err(Violation::Grammar);
        }
    }
}

/// Elements of a list may be empty (RFC 2831 section 7.1, `#rule`).
fn skip_separators(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|byte| !b", \t\r\n".contains(byte)).unwrap_or(text.len());
    &text[end..]
}

fn split_name(text: &[u8]) -> Result<(&str, &[u8]), Violation> {
    let end = text.iter().position(|byte| *byte == b'=').ok_or(Violation::Grammar)?;
    let (name, behind) = (text[..end].trim_ascii(), &text[end + 1..]);
    if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
        return Err(Violation::Grammar);
    }
    let name = std::str::from_utf8(name).map_err(|_| Violation::Grammar)?;
    Ok((name, behind.trim_ascii_start()))
}

fn split_value(text: &[u8]) -> Result<(Cow<'_, [u8]>, &[u8]), Violation> {
    match text.strip_prefix(b"\"") {
        Some(quoted) => unquote(quoted),
        None => {
            let end = text.iter().position(|byte| !is_token(*byte)).unwrap_or(text.len());
            if end == 0 {
                return Err(Violation::Grammar);
            }
            Ok((Cow::Borrowed(&text[..end]), &text[end..]))
        }
    }
}

/// The value of what stands behind a quote, and what stands behind the next.
fn unquote(text: &[u8]) -> Result<(Cow<'_, [u8]>, &[u8]), Violation> {
    let mut value = Vec::new();
    let mut octets = text.iter().enumerate();
    while let Some((at, octet)) = octets.next() {
        match octet {
            b'"' => return Ok((Cow::Owned(value), &text[at + 1..])),
            b'\\' => value.push(*octets.next().ok_or(Violation::Grammar)?.1),
            0 => return Err(Violation::Grammar),
            octet => value.push(*octet),
        }
    }
    Err(Violation::Grammar)
}

/// `token` of RFC 2616 section 2.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&byte)
}

/// The value within quotes.
pub(super) fn quote(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<(String, String)>> {
        let directives = parse(text.as_bytes()).ok()?;
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        Some(directives.iter().map(|(name, value)| ((*name).to_owned(), text(value))).collect())
    }

    #[test]
    fn reads_lists() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(read(""), Some(vec![]));
        assert_eq!(read(" , ,\t"), Some(vec![]));
        assert_eq!(
            read("a=b,, c = \"d,=\\\"\\\\\" ,e=\"\""),
            Some(vec![pair("a", "b"), pair("c", "d,=\"\\"), pair("e", "")])
        );
    }

    #[test]
    fn refuses_everything_else() {
        for text in
            ["a", "a=", "=b", "a=b c=d", "a=\"b", "a=\"b\\", "a=\"b\"c", "a b=c", "a=\u{e9}", "a=\"\0\""]
        {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_quoted_is_read_again() {
        for value in ["", "a", "a\"b\\c,d=e", "\\\\", "\u{e9}"] {
            let text = format!("x={}", quote(value));
            assert_eq!(read(&text).unwrap()[0].1, value);
        }
    }
}
