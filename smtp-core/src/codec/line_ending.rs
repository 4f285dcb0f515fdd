//! Whether content keeps the line discipline.

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
