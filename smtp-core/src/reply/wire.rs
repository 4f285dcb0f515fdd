//! Replies as octets: written by servers, read by clients (RFC 5321 section 4.2).

use std::fmt::Write as _;

use bytes::{BufMut, BytesMut};

use super::text::to_ascii;
use super::{EnhancedStatus, Reply, ReplyCode};

/// The longest line of a reply's text that is written; longer ones are broken (RFC 5321 section
/// 4.5.3.1.5 allows 512 octets with code and CRLF).
const MAX_TEXT: usize = 480;

impl Reply {
    /// Writes the reply in its wire form, in ASCII: other characters are escaped.
    pub fn encode(&self, buffer: &mut BytesMut) {
        self.write(&to_ascii(&self.text), buffer);
    }

    /// Writes the reply in UTF-8, for a client that said that it takes this (RFC 6531 section 3.7.4).
    pub fn encode_utf8(&self, buffer: &mut BytesMut) {
        self.write(&self.text, buffer);
    }

    fn write(&self, text: &str, buffer: &mut BytesMut) {
        let mut lines = text.split('\n').flat_map(pieces).peekable();
        while let Some(line) = lines.next() {
            buffer.reserve(line.len() + 18);
            buffer.put_slice(&self.code.digits());
            buffer.put_u8(if lines.peek().is_some() { b'-' } else { b' ' });
            if let Some(status) = self.status {
                // Writing into a buffer that grows cannot fail.
                let _ = write!(buffer, "{status} ");
            }
            buffer.put_slice(line.as_bytes());
            buffer.put_slice(b"\r\n");
        }
    }
}

/// Breaks a line that is too long.
fn pieces(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(line);
    std::iter::from_fn(move || {
        let line = rest?;
        let (piece, behind) = line.split_at(line.floor_char_boundary(MAX_TEXT));
        rest = Some(behind).filter(|behind| !behind.is_empty());
        Some(piece)
    })
}

/// Puts a reply together from the lines that a server sends: for clients.
///
/// ```
/// use smtp_core::ReplyParser;
///
/// let mut parser = ReplyParser::default();
/// assert!(parser.line(b"250-first")?.is_none());
/// let reply = parser.line(b"250 2.1.0 second")?.unwrap();
/// assert_eq!(reply.text(), "first\nsecond");
/// # Ok::<(), smtp_core::Reply>(())
/// ```
#[derive(Debug, Default)]
pub struct ReplyParser {
    code: Option<ReplyCode>,
    status: Option<EnhancedStatus>,
    text: String,
    lines: usize,
}

impl ReplyParser {
    /// The most text of one reply that is kept, in octets; what is beyond it is dropped.
    pub const MAX_TEXT: usize = 16 * 1024;
    /// The most lines of one reply; one with more is malformed.
    pub const MAX_LINES: usize = 1024;

    /// Takes one line, without its CRLF; gives the reply once its last line is there.
    ///
    /// # Errors
    /// A 451 reply that says what is wrong, if the line is no reply line.
    pub fn line(&mut self, line: &[u8]) -> Result<Option<Reply>, Reply> {
        let malformed = || Reply::new(451, "4.5.0 malformed reply from the next hop");
        let digits = line.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit));
        let code = digits
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
            .and_then(ReplyCode::new)
            .ok_or_else(malformed)?;
        let (more, text) = match line.get(3) {
            None => (false, &line[3..]),
            Some(b' ') => (false, &line[4..]),
            Some(b'-') => (true, &line[4..]),
            Some(_) => return Err(malformed()),
        };
        self.lines += 1;
        if self.code.is_some_and(|first| first != code) || self.lines > Self::MAX_LINES {
            return Err(malformed());
        }
        let text = String::from_utf8_lossy(text);
        let mut text = &*text;
        if let Some((status, skip)) = EnhancedStatus::split_from(text) {
            self.status = Some(status);
            text = &text[skip..];
        }
        if self.code.is_some() {
            self.text.push('\n');
        }
        self.code = Some(code);
        let room = Self::MAX_TEXT.saturating_sub(self.text.len());
        self.text.push_str(&text[..text.floor_char_boundary(room)]);
        if more {
            return Ok(None);
        }
        let parsed = std::mem::take(self);
        // What looks like a second status is text.
        let reply = Reply::new(code.get(), "").with_text(parsed.text);
        Ok(Some(match parsed.status {
            Some(status) => reply.with_status(status),
            None => reply,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(reply: &Reply) -> String {
        let mut buffer = BytesMut::new();
        reply.encode(&mut buffer);
        String::from_utf8(buffer.to_vec()).unwrap()
    }

    #[test]
    fn writes_one_line_and_several() {
        assert_eq!(written(&Reply::new(250, "2.0.0 OK")), "250 2.0.0 OK\r\n");
        assert_eq!(written(&Reply::new(250, "")), "250 \r\n");
        assert_eq!(written(&Reply::new(214, "2.0.0 a\nb")), "214-2.0.0 a\r\n214 2.0.0 b\r\n");
        assert_eq!(written(&Reply::new(354, "go")), "354 go\r\n");
    }

    #[test]
    fn breaks_long_lines() {
        let text = written(&Reply::new(550, "x".repeat(1000)));
        assert_eq!(text.lines().count(), 3);
        assert!(text.lines().all(|line| line.len() + 2 <= 512));
    }

    #[test]
    fn other_characters_are_escaped_unless_the_client_takes_them() {
        let reply = Reply::new(252, "2.1.5 <j\u{f6}e@x>\n\u{1f600}");
        assert_eq!(written(&reply), "252-2.1.5 <j\\x{F6}e@x>\r\n252 2.1.5 \\x{1F600}\r\n");
        let mut buffer = BytesMut::new();
        reply.encode_utf8(&mut buffer);
        assert_eq!(buffer, "252-2.1.5 <j\u{f6}e@x>\r\n252 2.1.5 \u{1f600}\r\n");
        let long = Reply::new(252, "\u{f6}".repeat(1000));
        buffer.clear();
        long.encode_utf8(&mut buffer);
        let text = std::str::from_utf8(&buffer).unwrap();
        assert!(text.lines().all(|line| line.len() + 2 <= 512));
        assert_eq!(text.matches('\u{f6}').count(), 1000);
    }

    #[test]
    fn reads_what_it_writes() {
        for text in ["2.1.5 OK", "2.1.5 a\nb\nc", "", "no status", "a\n\nb"] {
            let reply = Reply::new(250, text);
            let mut parser = ReplyParser::default();
            let mut read = None;
            for line in written(&reply).lines() {
                assert!(read.is_none());
                read = parser.line(line.as_bytes()).unwrap();
            }
            assert_eq!(read, Some(reply));
        }
    }

    #[test]
    fn what_looks_like_a_second_status_is_text() {
        let reply = ReplyParser::default().line(b"550 5.1.1 4.2.2 full").unwrap().unwrap();
        assert_eq!(reply.to_string(), "550 5.1.1 4.2.2 full");
    }

    #[test]
    fn refuses_what_is_no_reply() {
        for lines in [&["hello"][..], &["25"], &["199 x"], &["250_x"], &["250-a", "251 b"], &["600 x"]] {
            let mut parser = ReplyParser::default();
            assert!(lines.iter().any(|line| parser.line(line.as_bytes()).is_err()), "{lines:?}");
        }
        let mut endless = ReplyParser::default();
        assert!((0..=ReplyParser::MAX_LINES).any(|_| endless.line(b"250-").is_err()));
        assert_eq!(ReplyParser::default().line(b"250").unwrap(), Some(Reply::new(250, "")));
    }
}
