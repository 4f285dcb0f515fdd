use bytes::{Buf, Bytes, BytesMut};

use super::Frame;
use super::line_ending::{BareLineEndings, inspect, normalise};

/// Counts the octets behind BDAT (RFC 3030) and keeps the line discipline over the chunks of one
/// message.
#[derive(Debug)]
pub(super) struct ChunkDecoder {
    remaining: u64,
    last: bool,
    idle: bool,
    /// What becomes of bare line endings; `None` for binary content, which has no lines.
    bare: Option<BareLineEndings>,
    /// The last octet was a CR, kept back until its LF is seen.
    pending_cr: bool,
    rejected: bool,
}

impl ChunkDecoder {
    pub(super) fn new(size: u64, last: bool, bare: Option<BareLineEndings>) -> Self {
        Self { remaining: size, last, idle: false, bare, pending_cr: false, rejected: false }
    }

    /// Goes on with the next chunk of the same message.
    pub(super) fn next(&mut self, size: u64, last: bool) {
        self.remaining = size;
        self.last = last;
        self.idle = false;
    }

    /// Between two chunks: lines are read.
    pub(super) fn is_idle(&self) -> bool {
        self.idle
    }

    pub(super) fn decode(&mut self, buffer: &mut BytesMut) -> Option<Frame> {
        loop {
            if self.remaining == 0 {
                if self.last && std::mem::take(&mut self.pending_cr) && !self.rejected {
                    if self.bare == Some(BareLineEndings::Normalise) {
                        return Some(Frame::Data(Bytes::from_static(b"\r\n")));
                    }
                    self.rejected = true;
                    return Some(Frame::BareLineEnding);
                }
                self.idle = true;
                return Some(Frame::EndOfChunk);
            }
            let available = buffer.len().min(usize::try_from(self.remaining).unwrap_or(usize::MAX));
            if available == 0 {
                return None;
            }
            let piece = &buffer[..available];
            if self.rejected {
                self.remaining -= available as u64;
                buffer.advance(available);
                continue;
            }
            if self.bare.is_none() {
                self.remaining -= available as u64;
                return Some(Frame::Data(buffer.split_to(available).freeze()));
            }
            // A CR at the very end may have its LF in the next piece or chunk.
            let ends_with_cr = piece.ends_with(b"\r");
            let follows_cr = self.pending_cr;
            let bare = match (follows_cr, piece[0]) {
                (true, b'\n') => inspect(&piece[1..available - usize::from(ends_with_cr)]).bare,
                (true, _) => true,
                (false, _) => inspect(&piece[..available - usize::from(ends_with_cr)]).bare,
            };
            if self.bare == Some(BareLineEndings::Normalise) {
                self.remaining -= available as u64;
                match self.normalise(buffer.split_to(available), bare) {
                    content if content.is_empty() => continue,
                    content => return Some(Frame::Data(content)),
                }
            }
            if bare {
                self.rejected = true;
                return Some(Frame::BareLineEnding);
            }
            self.remaining -= available as u64;
            self.pending_cr = ends_with_cr;
            return Some(Frame::Data(buffer.split_to(available).freeze()));
        }
    }

    /// A CR at the end of a piece waits for the next one, which it is joined with.
    fn normalise(&mut self, mut piece: BytesMut, bare: bool) -> Bytes {
        let follows_cr = std::mem::replace(&mut self.pending_cr, piece.ends_with(b"\r"));
        piece.truncate(piece.len() - usize::from(self.pending_cr));
        if !bare && !follows_cr {
            return piece.freeze();
        }
        let mut joined = BytesMut::with_capacity(piece.len() + 1);
        joined.extend_from_slice(if follows_cr { b"\r" } else { b"" });
        joined.extend_from_slice(&piece);
        normalise(&joined, false).freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events of a message sent as these chunks, each read in pieces of `size`.
    fn decode(chunks: &[&str], size: usize) -> (String, Vec<&'static str>) {
        decode_with(Some(BareLineEndings::Reject), chunks, size)
    }

    fn decode_with(
        bare: Option<BareLineEndings>,
        chunks: &[&str],
        size: usize,
    ) -> (String, Vec<&'static str>) {
        let mut decoder: Option<ChunkDecoder> = None;
        let (mut content, mut events) = (String::new(), Vec::new());
        for (index, chunk) in chunks.iter().enumerate() {
            let last = index + 1 == chunks.len();
            match &mut decoder {
                Some(decoder) => decoder.next(chunk.len() as u64, last),
                None => decoder = Some(ChunkDecoder::new(chunk.len() as u64, last, bare)),
            }
            let decoder = decoder.as_mut().unwrap();
            let mut buffer = BytesMut::new();
            let mut pieces = chunk.as_bytes().chunks(size);
            while !decoder.is_idle() {
                match decoder.decode(&mut buffer) {
                    Some(Frame::Data(data)) => content.push_str(std::str::from_utf8(&data).unwrap()),
                    Some(Frame::BareLineEnding) => events.push("bare"),
                    Some(Frame::EndOfChunk) => events.push("end"),
                    Some(other) => panic!("{other:?}"),
                    None => buffer.extend_from_slice(pieces.next().unwrap()),
                }
            }
            assert!(buffer.is_empty());
        }
        (content, events)
    }

    #[test]
    fn passes_octets_on_as_they_are() {
        for size in 1..10 {
            let chunks = ["a\r\n.\r\nb\r", "\n..", "", "\r\nc"];
            assert_eq!(decode(&chunks, size), (chunks.concat(), vec!["end"; 4]));
        }
        assert_eq!(decode(&[""], 1), (String::new(), vec!["end"]));
    }

    #[test]
    fn finds_bare_line_endings_over_any_edge() {
        for chunks in
            [&["a\nb"][..], &["a\rb"], &["a\r", "b"], &["a", "\nb"], &["a\r"], &["a\r", ""], &["\r\r\n"]]
        {
            for size in 1..5 {
                let (_, events) = decode(chunks, size);
                assert_eq!(events.iter().filter(|event| **event == "bare").count(), 1, "{chunks:?} {size}");
                assert_eq!(events.iter().filter(|event| **event == "end").count(), chunks.len());
            }
        }
    }

    #[test]
    fn bare_line_endings_become_whole_over_any_edge() {
        for (chunks, whole) in [
            (&["a\nb"][..], "a\r\nb"),
            (&["a\r", "b"], "a\r\nb"),
            (&["a\r", "\nb"], "a\r\nb"),
            (&["a\r", "\r\n"], "a\r\n\r\n"),
            (&["a", "\nb"], "a\r\nb"),
            (&["a\r"], "a\r\n"),
            (&["\r", ""], "\r\n"),
            (&["\n.\n.", "\r\n..\r"], "\r\n.\r\n.\r\n..\r\n"),
        ] {
            for size in 1..6 {
                let (content, events) = decode_with(Some(BareLineEndings::Normalise), chunks, size);
                assert_eq!(
                    (content.as_str(), events),
                    (whole, vec!["end"; chunks.len()]),
                    "{chunks:?} {size}"
                );
            }
        }
    }

    #[test]
    fn binary_content_has_no_lines() {
        for size in 1..6 {
            let chunks = ["\n\r\0", "\n.\r", "\r\n.\r"];
            assert_eq!(decode_with(None, &chunks, size), (chunks.concat(), vec!["end"; 3]));
        }
    }
}
