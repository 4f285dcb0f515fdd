use bytes::{BufMut, BytesMut};
use memchr::memchr2;

/// Makes content ready for DATA (RFC 5321 section 4.5.2): a dot is put in front of each line that
/// begins with one, and `CRLF.CRLF` behind the end.
///
/// A bare CR or LF counts as a line's end here, so that even a next hop that takes it for one
/// reads one message.
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
}

impl Default for DotStuffing {
    fn default() -> Self {
        Self { line_start: true, ended: true, last: b'\n' }
    }
}

impl DotStuffing {
    /// Writes a piece of content.
    pub fn write(&mut self, content: &[u8], wire: &mut BytesMut) {
        let Some(&last) = content.last() else { return };
        wire.reserve(content.len() + 8);
        let mut rest = content;
        while !rest.is_empty() {
            if self.line_start && rest[0] == b'.' {
                wire.put_u8(b'.');
            }
            let line = memchr2(b'\n', b'\r', rest).map_or(rest.len(), |end| end + 1);
            wire.put_slice(&rest[..line]);
            self.line_start = matches!(rest[line - 1], b'\n' | b'\r');
            rest = &rest[line..];
        }
        self.ended =
            last == b'\n' && (if let [.., before, _] = content { *before } else { self.last }) == b'\r';
        self.last = last;
    }

    /// Writes the end, with a CRLF in front if the content lacks it.
    pub fn finish(self, wire: &mut BytesMut) {
        if !self.ended {
            wire.put_slice(b"\r\n");
        }
        wire.put_slice(b".\r\n");
    }
}
