use memchr::memchr;

const NAME: &[u8] = b"received:";

/// Counts the `Received:` fields of a header that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Header {
    received: usize,
    line: Line,
}

/// Where in a line the last piece ended.
#[derive(Debug, Clone, Copy)]
enum Line {
    /// So many octets of the field's name were seen, from the line's start.
    Name(usize),
    /// A line of nothing but a CR so far.
    Cr,
    /// It is some other line, or the name is over.
    Rest,
}

impl Default for Line {
    fn default() -> Self {
        Self::Name(0)
    }
}

impl Header {
    pub(super) fn received(&self) -> usize {
        self.received
    }

    /// Reads a piece; true once the header is over.
    pub(super) fn read(&mut self, mut piece: &[u8]) -> bool {
        while let Some(&octet) = piece.first() {
            match self.line {
                Line::Rest => {
                    let Some(end) = memchr(b'\n', piece) else { return false };
                    piece = &piece[end..];
                    self.line = Line::Name(0);
                }
                // The blank line behind the header.
                Line::Cr if octet == b'\n' => return true,
                Line::Name(0) if octet == b'\r' => self.line = Line::Cr,
                Line::Name(seen) if octet.eq_ignore_ascii_case(&NAME[seen]) => {
                    let complete = seen + 1 == NAME.len();
                    self.received += usize::from(complete);
                    self.line = if complete { Line::Rest } else { Line::Name(seen + 1) };
                }
                // Not taken: the rest of the line begins with this octet.
                Line::Name(_) | Line::Cr => {
                    self.line = Line::Rest;
                    continue;
                }
            }
            piece = &piece[1..];
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str, size: usize) -> (usize, bool) {
        let mut header = Header::default();
        let over = text.as_bytes().chunks(size).any(|piece| header.read(piece));
        (header.received(), over)
    }

    #[test]
    fn counts_the_fields_of_the_header_wherever_it_is_cut() {
        for (text, received, over) in [
            ("", 0, false),
            ("\r\n", 0, true),
            ("Received: a\r\n", 1, false),
            ("Received: a\r\n\tReceived: folded\r\nRECEIVED:b\r\n\r\nReceived: c\r\n", 2, true),
            ("Receive: a\r\nReceived : b\r\nXReceived: c\r\nReceived-SPF: d\r\n\r\n", 0, true),
            ("RReceived: a\r\nrec\r\nreceived:\r\n\r\n", 1, true),
        ] {
            for size in 1..=text.len().max(1) {
                assert_eq!(count(text, size), (received, over), "{text:?} in pieces of {size}");
            }
        }
    }
}
