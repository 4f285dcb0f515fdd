use bytes::{BufMut, BytesMut};
use memchr::memchr2;

/// What goes into a line that is too long: a line's end, and a space, which in a header continues
/// the field and keeps a dot from beginning a line.
const FOLD: &[u8] = b"\r\n ";

/// Makes content ready for DATA (RFC 5321 section 4.5.2): a dot is put in front of each line that
/// begins with one, and `CRLF.CRLF` behind the end.
///
/// A bare CR or LF counts as a line's end here, and a NUL as nothing, so that even a next hop that
/// takes them for that reads one message.
///
/// ```
/// use bytes::BytesMut;
/// use smtp_core::codec::DotStuffing;
///
/// let mut wire = BytesMut::new();
/// let mut stuffing = DotStuffing::default();
/// stuffing.write(b"a\r\n.", &mut wire);
/// stuffing.write(b"b", &mut wire);
/// stuffing.finish(&mut wire);
/// assert_eq!(&wire[..], b"a\r\n..b\r\n.\r\n");
/// ```
#[derive(Debug)]
pub struct DotStuffing {
    line_start: bool,
    /// The last octets written were CRLF, or none were.
    ended: bool,
    last: u8,
    /// How many octets the line has so far, the dot in front not counted.
    column: usize,
    max_line: usize,
    divided: bool,
}

impl Default for DotStuffing {
    fn default() -> Self {
        Self { line_start: true, ended: true, last: b'\n', column: 0, max_line: usize::MAX, divided: false }
    }
}

impl DotStuffing {
    /// Divides lines of more than `octets`, CRLF not counted: a line's end and a space go between.
    /// RFC 5321 section 4.5.3.1.6 allows 998, and a next hop that reads longer ones piece by piece may
    /// take the start of a piece for that of a line. Without this, lines stay as long as they are.
    #[must_use]
    pub fn max_line(mut self, octets: usize) -> Self {
        // A shorter line has no room for the space and a character.
        self.max_line = octets.max(8);
        self
    }

    /// Whether a line was too long so far.
    pub fn has_divided(&self) -> bool {
        self.divided
    }

    /// Writes a piece of content.
    pub fn write(&mut self, content: &[u8], wire: &mut BytesMut) {
        let Some(&last) = content.last() else { return };
        wire.reserve(content.len() + 8);
        let mut rest = content;
        while !rest.is_empty() {
            let nothing =
                if self.line_start { rest.iter().take_while(|octet| **octet == 0).count() } else { 0 };
            if nothing > 0 {
                self.line_start = !self.put(&rest[..nothing], wire);
                rest = &rest[nothing..];
                continue;
            }
            if self.line_start && rest[0] == b'.' {
                wire.put_u8(b'.');
            }
            let end = memchr2(b'\n', b'\r', rest);
            self.put(&rest[..end.unwrap_or(rest.len())], wire);
            self.line_start = end.is_some();
            match end {
                Some(end) => {
                    wire.put_u8(rest[end]);
                    self.column = 0;
                    rest = &rest[end + 1..];
                }
                None => break,
            }
        }
        self.ended =
            last == b'\n' && (if let [.., before, _] = content { *before } else { self.last }) == b'\r';
        self.last = last;
    }

    /// Writes a piece of a line, and tells whether it had to be divided.
    fn put(&mut self, mut piece: &[u8], wire: &mut BytesMut) -> bool {
        let mut divided = false;
        while piece.len() > self.max_line - self.column {
            let (before, behind) = piece.split_at(character_start(piece, self.max_line - self.column));
            wire.put_slice(before);
            wire.put_slice(FOLD);
            self.column = 1;
            piece = behind;
            divided = true;
            self.divided = true;
        }
        wire.put_slice(piece);
        self.column = self.column.saturating_add(piece.len());
        divided
    }

    /// Writes the end, with a CRLF in front if the content lacks it.
    pub fn finish(self, wire: &mut BytesMut) {
        if !self.ended {
            wire.put_slice(b"\r\n");
        }
        wire.put_slice(b".\r\n");
    }
}

/// The last place up to `at` that is not within a character of UTF-8, if the text is such.
fn character_start(text: &[u8], at: usize) -> usize {
    let is_start = |place: &usize| text[*place] & 0b1100_0000 != 0b1000_0000;
    (at.saturating_sub(3)..=at).rev().find(is_start).filter(|place| *place > 0).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What goes over the wire, however the content is cut.
    fn wire(content: &str, max_line: usize) -> String {
        let written = |size| {
            let (mut wire, mut stuffing) = (BytesMut::new(), DotStuffing::default().max_line(max_line));
            content.as_bytes().chunks(size).for_each(|piece| stuffing.write(piece, &mut wire));
            stuffing.finish(&mut wire);
            String::from_utf8_lossy(&wire).into_owned()
        };
        let whole = written(content.len().max(1));
        if content.is_ascii() {
            assert!((1..content.len()).all(|size| written(size) == whole), "{content:?}");
        }
        whole
    }

    #[test]
    fn a_dot_behind_anything_that_may_end_a_line_is_doubled() {
        for (content, expected) in [
            ("", ".\r\n"),
            (".", "..\r\n.\r\n"),
            ("a\r\n.\r\n", "a\r\n..\r\n.\r\n"),
            ("a\n.\n", "a\n..\n\r\n.\r\n"),
            ("a\r.\r", "a\r..\r\r\n.\r\n"),
            ("a\n.\r\n", "a\n..\r\n.\r\n"),
            ("a\r\n.\nb", "a\r\n..\nb\r\n.\r\n"),
            ("a\r\n.\r", "a\r\n..\r\r\n.\r\n"),
            ("\0.\r\n", "\0..\r\n.\r\n"),
            ("a\r\n\0\0.\r\n", "a\r\n\0\0..\r\n.\r\n"),
            ("a\r\0\n.\0\r\n", "a\r\0\n..\0\r\n.\r\n"),
            ("a\0.\r\n", "a\0.\r\n.\r\n"),
            ("a\r\0\n", "a\r\0\n\r\n.\r\n"),
        ] {
            assert_eq!(wire(content, 998), expected, "{content:?}");
        }
    }

    #[test]
    fn a_line_that_is_too_long_is_divided() {
        for (content, expected) in [
            ("12345678\r\n1234567\r\n", "12345678\r\n1234567\r\n.\r\n"),
            ("123456789\r\n", "12345678\r\n 9\r\n.\r\n"),
            ("12345678.\r\n.\r\n", "12345678\r\n .\r\n..\r\n.\r\n"),
            (".2345678.0123456", "..2345678\r\n .012345\r\n 6\r\n.\r\n"),
            ("\0\0\0\0\0\0\0\0\0.\r\n", "\0\0\0\0\0\0\0\0\r\n \0.\r\n.\r\n"),
            ("1234567\u{e4}8\r\n", "1234567\r\n \u{e4}8\r\n.\r\n"),
            ("12345\u{20ac}\u{20ac}\r\n", "12345\u{20ac}\r\n \u{20ac}\r\n.\r\n"),
        ] {
            assert_eq!(wire(content, 8), expected, "{content:?}");
        }
    }
}
