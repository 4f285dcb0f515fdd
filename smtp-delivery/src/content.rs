//! Content with the line ends of Unix.

use memchr::memchr;

/// Collects the octets that go to the file.
#[derive(Debug)]
pub(crate) struct Content {
    octets: Vec<u8>,
    keep_crlf: bool,
    /// The last octet was a CR, kept back until it is known whether an LF follows.
    pending_cr: bool,
}

impl Content {
    pub(crate) fn new(keep_crlf: bool) -> Self {
        Self { octets: Vec::new(), keep_crlf, pending_cr: false }
    }

    pub(crate) fn len(&self) -> usize {
        self.octets.len()
    }

    /// Takes a chunk of the body; each CRLF becomes LF unless it is kept.
    pub(crate) fn push(&mut self, chunk: &[u8]) {
        self.octets.reserve(chunk.len() + 1);
        if self.keep_crlf {
            self.octets.extend_from_slice(chunk);
            return;
        }
        let Some(first) = chunk.first() else { return };
        if std::mem::take(&mut self.pending_cr) && *first != b'\n' {
            self.octets.push(b'\r');
        }
        let mut rest = chunk;
        while let Some(at) = memchr(b'\r', rest) {
            self.octets.extend_from_slice(&rest[..at]);
            rest = &rest[at + 1..];
            match rest.first() {
                Some(b'\n') => {}
                Some(_) => self.octets.push(b'\r'),
                None => self.pending_cr = true,
            }
        }
        self.octets.extend_from_slice(rest);
    }

    /// Takes out what was collected.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.octets)
    }

    /// Takes back a buffer whose octets were written.
    pub(crate) fn reuse(&mut self, mut buffer: Vec<u8>) {
        buffer.clear();
        self.octets = buffer;
    }

    /// Takes out the rest, at the end of the body.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.pending_cr {
            self.octets.push(b'\r');
        }
        self.octets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collected(input: &[u8], size: usize, keep_crlf: bool) -> Vec<u8> {
        let mut content = Content::new(keep_crlf);
        let mut taken = Vec::new();
        for chunk in input.chunks(size) {
            content.push(chunk);
            let piece = content.take();
            taken.extend_from_slice(&piece);
            content.reuse(piece);
        }
        taken.extend_from_slice(&content.finish());
        taken
    }

    #[test]
    fn only_crlf_becomes_lf() {
        for (input, output) in [
            ("a\r\nb\r\n", "a\nb\n"),
            ("\r\n\r\n", "\n\n"),
            ("a\rb", "a\rb"),
            ("a\r\r\nb", "a\r\nb"),
            ("a\nb\r", "a\nb\r"),
            ("\r", "\r"),
            ("", ""),
        ] {
            for size in 1..8 {
                assert_eq!(collected(input.as_bytes(), size, false), output.as_bytes(), "{input:?} {size}");
                assert_eq!(collected(input.as_bytes(), size, true), input.as_bytes(), "{input:?} {size}");
            }
        }
    }
}
