use std::sync::LazyLock;

use bytes::{Buf, BytesMut};
use memchr::memchr;
use memchr::memmem::Finder;

use super::Frame;
use super::line_ending::{BareLineEndings, inspect, normalise};

static END: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\r\n.\r\n"));
static DOT: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\r\n."));

/// Reads content up to `CRLF.CRLF` and undoes dot-stuffing (RFC 5321 section 4.5.2).
///
/// What comes in as one read goes out as one slice of the same buffer. Only where a line begins
/// with a dot is content moved, within the buffer.
#[derive(Debug)]
pub(super) struct DataDecoder {
    /// The next octet begins a line.
    line_start: bool,
    bare: BareLineEndings,
    /// A bare line ending was met: content is dropped up to its end.
    rejected: bool,
}

impl DataDecoder {
    pub(super) fn new(bare: BareLineEndings) -> Self {
        // The CRLF behind DATA counts as the one in front of the content.
        Self { line_start: true, bare, rejected: false }
    }

    pub(super) fn decode(&mut self, buffer: &mut BytesMut) -> Option<Frame> {
        loop {
            if self.line_start && buffer.first() == Some(&b'.') {
                match &buffer[..buffer.len().min(3)] {
                    b".\r\n" => {
                        buffer.advance(3);
                        return Some(Frame::EndOfData);
                    }
                    b"." | b".\r" => return None,
                    _ => buffer.advance(1),
                }
                self.line_start = false;
            }
            let end = content_end(buffer);
            if end == 0 {
                return None;
            }
            let findings = inspect(&buffer[..end]);
            let after_line = buffer[..end].ends_with(b"\r\n");
            if findings.bare && self.bare == BareLineEndings::Normalise {
                self.line_start = after_line;
                return Some(Frame::Data(normalise(&buffer.split_to(end), true).freeze()));
            }
            if findings.bare && !self.rejected {
                // What stands before is dropped with the rest: the message is refused whole.
                self.rejected = true;
                return Some(Frame::BareLineEnding);
            }
            self.line_start = after_line;
            if self.rejected {
                buffer.advance(end);
                continue;
            }
            let length = if findings.dot { unstuff(&mut buffer[..end]) } else { end };
            let mut content = buffer.split_to(end);
            content.truncate(length);
            return Some(Frame::Data(content.freeze()));
        }
    }
}

/// Up to where `buffer` is content for certain.
fn content_end(buffer: &[u8]) -> usize {
    if let Some(found) = END.find(buffer) {
        return found + 2;
    }
    // A piece of the end, at the edge of what was read, waits for the rest.
    let undecided = match buffer {
        [.., b'\r', b'\n', b'.', b'\r'] => 2,
        [.., b'\r', b'\n', b'.'] | [.., b'\r'] => 1,
        _ => 0,
    };
    buffer.len() - undecided
}

/// Takes the first dot of each line away, but for the first line, and gives the new length.
fn unstuff(content: &mut [u8]) -> usize {
    let (mut read, mut written) = (0, 0);
    loop {
        let found = next_dot(&content[read..]);
        let end = found.map_or(content.len(), |at| read + at);
        if read != written {
            content.copy_within(read..end, written);
        }
        written += end - read;
        if found.is_none() {
            return written;
        }
        read = end + 1;
    }
}

/// Where the next dot that begins a line stands. Dots come in crowds or hardly ever: the next few
/// lines are looked at one by one, the rest is searched at once.
fn next_dot(content: &[u8]) -> Option<usize> {
    let mut start = 0;
    for _ in 0..3 {
        start += memchr(b'\n', &content[start..])? + 1;
        if content.get(start) == Some(&b'.') {
            return Some(start);
        }
    }
    DOT.find(&content[start..]).map(|at| start + at + 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(input: &[u8], sizes: &[usize], bare: BareLineEndings) -> (Vec<u8>, Vec<&'static str>, Vec<u8>) {
        let (mut decoder, mut buffer) = (DataDecoder::new(bare), BytesMut::new());
        let (mut content, mut events, mut ended) = (Vec::new(), Vec::new(), false);
        let mut rest = input;
        for size in sizes.iter().cycle() {
            let (piece, behind) = rest.split_at((*size).min(rest.len()));
            buffer.extend_from_slice(piece);
            rest = behind;
            while !ended && let Some(frame) = decoder.decode(&mut buffer) {
                match frame {
                    Frame::Data(data) => {
                        assert!(!data.is_empty());
                        content.extend_from_slice(&data);
                    }
                    Frame::BareLineEnding => events.push("bare"),
                    Frame::EndOfData => {
                        events.push("end");
                        ended = true;
                    }
                    other => panic!("{other:?}"),
                }
            }
            if rest.is_empty() {
                break;
            }
        }
        (content, events, buffer.to_vec())
    }

    /// Checks the outcome for every way to cut the input into pieces of one size, and at each
    /// single place.
    fn check(input: &str, content: Option<&str>, left: &str) {
        check_with(BareLineEndings::Reject, input, content, left);
    }

    fn check_with(bare: BareLineEndings, input: &str, content: Option<&str>, left: &str) {
        let cuts = (1..=input.len()).flat_map(|cut| [vec![cut], vec![cut, input.len()]]);
        for sizes in cuts {
            let (data, events, rest) = decode(input.as_bytes(), &sizes, bare);
            match content {
                Some(content) => {
                    assert_eq!(String::from_utf8_lossy(&data), content, "{input:?} {sizes:?}");
                    assert_eq!(events, ["end"], "{input:?} {sizes:?}");
                }
                None => assert_eq!(events, ["bare", "end"], "{input:?} {sizes:?}"),
            }
            assert_eq!(String::from_utf8_lossy(&rest), left, "{input:?} {sizes:?}");
        }
    }

    #[test]
    fn reads_content_to_its_end() {
        check(".\r\n", Some(""), "");
        check("a\r\n.\r\n", Some("a\r\n"), "");
        check("\r\n.\r\nQUIT\r\n", Some("\r\n"), "QUIT\r\n");
        check("a\r\n\r\nb\r\n.\r\n.\r\n", Some("a\r\n\r\nb\r\n"), ".\r\n");
    }

    #[test]
    fn undoes_dot_stuffing() {
        check("..\r\n.\r\n", Some(".\r\n"), "");
        check(".a\r\n.b\r\n..c\r\n...\r\n.\r\n", Some("a\r\nb\r\n.c\r\n..\r\n"), "");
        check("a.\r\n.\r\n", Some("a.\r\n"), "");
        check("..\r\n..\r\n..\r\n.\r\n", Some(".\r\n.\r\n.\r\n"), "");
    }

    #[test]
    fn nothing_else_ends_a_message() {
        for fake in ["\n.\n", "\r.\r", "\n.\r\n", "\r\n.\n", "\r\n.\r", "\r\r\n.\n", "\n\n.\n\n", "\r.\r\n"] {
            check(&format!("a{fake}b\r\n.\r\nNOOP\r\n"), None, "NOOP\r\n");
        }
        check("a\r\n\0.\r\nb\r\n.\r\n", Some("a\r\n\0.\r\nb\r\n"), "");
        check("a\r\n.\0\r\nb\r\n.\r\n", Some("a\r\n\0\r\nb\r\n"), "");
        check("a\r\n. \r\nb\r\n.\r\n", Some("a\r\n \r\nb\r\n"), "");
    }

    #[test]
    fn bare_line_endings_become_whole_and_end_nothing() {
        for (sent, read) in [
            ("a\nb\r\n.\r\n", "a\r\nb\r\n"),
            ("a\rb\r\n.\r\n", "a\r\nb\r\n"),
            ("a\n.\nb\r\n.\r\n", "a\r\n.\r\nb\r\n"),
            ("a\r.\rb\r\n.\r\n", "a\r\n.\r\nb\r\n"),
            ("a\n.\r\nb\r\n.\r\n", "a\r\n.\r\nb\r\n"),
            ("a\r\n.\nb\r\n.\r\n", "a\r\n\r\nb\r\n"),
            ("a\r\n.\rb\r\n.\r\n", "a\r\n\r\nb\r\n"),
            ("a\r\n..\nb\r\n.\r\n", "a\r\n.\r\nb\r\n"),
            ("a\n..b\r\n.\r\n", "a\r\n..b\r\n"),
            ("a\r\r\nb\r\n.\r\n", "a\r\n\r\nb\r\n"),
            ("\n\r\n.\r\n", "\r\n\r\n"),
            ("\r.\r\n\r\n.\r\n", "\r\n.\r\n\r\n"),
            ("..\n.\r\n.\r\n", ".\r\n.\r\n"),
        ] {
            check_with(BareLineEndings::Normalise, &format!("{sent}NOOP\r\n"), Some(read), "NOOP\r\n");
        }
    }

    #[test]
    fn bare_line_endings_behind_the_end_are_no_matter_of_the_content() {
        check("a\r\n.\r\nNO\nOP\r\n", Some("a\r\n"), "NO\nOP\r\n");
    }
}
