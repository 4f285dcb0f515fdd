use std::fmt;

use bytes::{Buf, BytesMut};
use memchr::{memchr, memchr2};

/// Divides octets into lines that end with CRLF, and with nothing else.
#[derive(Debug)]
pub struct LineDecoder {
    max: usize,
    /// How much of the buffer was searched in vain.
    searched: usize,
    /// The line is too long and is being dropped.
    dropping: bool,
    /// That line announces a chunk.
    announces_chunk: bool,
}

/// Why a line cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineError {
    /// It is longer than the limit.
    TooLong,
    /// It has a CR or an LF that belongs to no CRLF.
    BareLineEnding,
    /// It is one of these and begins with BDAT: nobody knows where the chunk behind it ends.
    Chunk,
}

impl LineDecoder {
    /// A decoder of lines of up to `max` octets, CRLF included.
    pub fn new(max: usize) -> Self {
        Self { max, searched: 0, dropping: false, announces_chunk: false }
    }

    /// Takes the next line, without its CRLF, if `buffer` holds one.
    ///
    /// A line that cannot be taken is dropped up to its CRLF; never more than the limit is kept.
    pub fn decode(&mut self, buffer: &mut BytesMut) -> Option<Result<BytesMut, LineError>> {
        loop {
            let Some(found) = memchr(b'\n', &buffer[self.searched..]) else {
                self.searched = buffer.len();
                if self.searched >= self.max {
                    if !self.dropping {
                        self.announces_chunk = announces_chunk(buffer);
                    }
                    // The CR stays: its LF may come next.
                    let keep = usize::from(buffer.ends_with(b"\r"));
                    buffer.advance(self.searched - keep);
                    self.searched = keep;
                    self.dropping = true;
                }
                return None;
            };
            let end = self.searched + found;
            self.searched = end + 1;
            if end == 0 || buffer[end - 1] != b'\r' {
                continue;
            }
            let mut line = buffer.split_to(end + 1);
            line.truncate(end - 1);
            self.searched = 0;
            let dropped = std::mem::take(&mut self.dropping);
            let chunk = std::mem::take(&mut self.announces_chunk) || !dropped && announces_chunk(&line);
            let error = if dropped || end + 1 > self.max {
                LineError::TooLong
            } else if memchr2(b'\r', b'\n', &line).is_some() {
                LineError::BareLineEnding
            } else {
                return Some(Ok(line));
            };
            return Some(Err(if chunk { LineError::Chunk } else { error }));
        }
    }
}

fn announces_chunk(line: &[u8]) -> bool {
    line.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case(b"BDAT"))
}

impl fmt::Display for LineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "line too long",
            Self::BareLineEnding => "lines must end with CR LF, and with nothing else",
            Self::Chunk => "a chunk is announced in a line that cannot be taken",
        })
    }
}

impl std::error::Error for LineError {}

#[cfg(test)]
mod tests {
    use super::*;

    type Lines = Vec<Result<String, LineError>>;

    /// The lines that come out when `input` arrives in pieces of `size`, and what is left over.
    fn lines(input: &[u8], size: usize, max: usize) -> (Lines, usize) {
        let (mut decoder, mut buffer, mut lines) = (LineDecoder::new(max), BytesMut::new(), Vec::new());
        for piece in input.chunks(size) {
            buffer.extend_from_slice(piece);
            while let Some(line) = decoder.decode(&mut buffer) {
                lines.push(line.map(|line| String::from_utf8(line.to_vec()).unwrap()));
            }
            assert!(buffer.len() < max + size);
        }
        (lines, buffer.len())
    }

    #[test]
    fn only_crlf_ends_a_line() {
        for size in 1..20 {
            let (lines, left) = lines(b"a\r\n\r\nb\nc\r\nd\re\r\n\nf\r\r\ng\n", size, 100);
            let bare = Err(LineError::BareLineEnding);
            assert_eq!(lines, [Ok("a".to_owned()), Ok(String::new()), bare.clone(), bare.clone(), bare]);
            assert_eq!(left, 2);
        }
    }

    #[test]
    fn a_long_line_is_dropped_and_the_next_one_read() {
        let mut input = b"x".repeat(30);
        input.extend_from_slice(b"\r\nok\r\n12345678\r\n123456789\r\n");
        for size in 1..40 {
            let (lines, left) = lines(&input, size, 10);
            let long = Err(LineError::TooLong);
            assert_eq!(lines, [long.clone(), Ok("ok".to_owned()), Ok("12345678".to_owned()), long], "{size}");
            assert_eq!(left, 0);
        }
    }

    #[test]
    fn a_chunk_is_known_by_the_start_of_the_line() {
        let input =
            b"bdat 5 xxxxxxxxxxxxxxxxxxxxxxx\r\nBDAT 5\n\r\nBDAT 5\r\nxxxxxxxxxxxxxxxx\r\nNOOP BDAT\n\r\n";
        for size in 1..input.len() {
            let (lines, _) = lines(input, size, 14);
            let (long, bare) = (Err(LineError::TooLong), Err(LineError::BareLineEnding));
            let chunk = Err(LineError::Chunk);
            assert_eq!(lines, [chunk.clone(), chunk, Ok("BDAT 5".to_owned()), long, bare], "{size}");
        }
    }
}
