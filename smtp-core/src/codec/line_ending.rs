//! Whether content keeps the line discipline, and what becomes of content that does not.

use bytes::{BufMut, BytesMut};
use memchr::memchr2;

/// What content gets that has a CR or an LF of its own (RFC 5321 section 2.3.8). In no case does one
/// end a message or a line that may be the last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BareLineEndings {
    /// It is refused.
    #[default]
    Reject,
    /// Each becomes CRLF. A dot behind one is content: the client did not mean it as the first of a
    /// line.
    Normalise,
}

/// Writes `content` with each line ending as CRLF. With `stuffed`, the first dot behind a CRLF, and
/// only behind one, is left out. `content` is as for [`inspect`].
pub(super) fn normalise(content: &[u8], stuffed: bool) -> BytesMut {
    let mut written = BytesMut::with_capacity(content.len() + content.len() / 16 + 16);
    let mut rest = content;
    while let Some(end) = memchr2(b'\r', b'\n', rest) {
        written.put_slice(&rest[..end]);
        written.put_slice(b"\r\n");
        let whole = rest[end..].starts_with(b"\r\n");
        rest = &rest[end + 1 + usize::from(whole)..];
        if stuffed && whole {
            rest = rest.strip_prefix(b".").unwrap_or(rest);
        }
    }
    written.put_slice(rest);
    written
}

/// What a look over a piece of content found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Findings {
    /// A CR without LF behind it or an LF without CR before it.
    pub(super) bare: bool,
    /// A dot behind an LF.
    pub(super) dot: bool,
}

/// Looks over `content`. Its first octet has no CR before it and its last no LF behind it.
///
/// One pass over neighbours, without branches or state from octet to octet, so that the compiler
/// makes vector instructions of it: a search for each line end would cost several times as much.
pub(super) fn inspect(content: &[u8]) -> Findings {
    let (Some(first), Some(last)) = (content.first(), content.last()) else {
        return Findings::default();
    };
    let mut bare = u8::from(*first == b'\n') | u8::from(*last == b'\r');
    let mut dot = 0;
    for (&left, &right) in content.iter().zip(&content[1..]) {
        bare |= u8::from(left == b'\r') ^ u8::from(right == b'\n');
        dot |= u8::from(left == b'\n') & u8::from(right == b'.');
    }
    Findings { bare: bare != 0, dot: dot != 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_bare_line_endings_and_dots() {
        for (content, bare, dot) in [
            ("", false, false),
            ("a", false, false),
            ("\r\n", false, false),
            ("a\r\nb\r\n", false, false),
            ("a\r\n.b\r\n", false, true),
            (".a\r\n", false, false),
            ("\n", true, false),
            ("\r", true, false),
            ("a\nb", true, false),
            ("a\rb", true, false),
            ("a\r\r\n", true, false),
            ("a\n.\r\n", true, true),
        ] {
            assert_eq!(inspect(content.as_bytes()), Findings { bare, dot }, "{content:?}");
        }
    }
}
