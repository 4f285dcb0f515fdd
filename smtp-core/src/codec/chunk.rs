use bytes::{Buf, BytesMut};

use super::Frame;
use super::line_ending::inspect;

/// Counts the octets behind BDAT (RFC 3030) and keeps the line discipline over the chunks of one
/// message.
#[derive(Debug)]
pub(super) struct ChunkDecoder {
    remaining: u64,
    last: bool,
    idle: bool,
    /// The last octet was a CR, kept back until its LF is seen.
    pending_cr: bool,
    rejected: bool,
}

impl ChunkDecoder {
    pub(super) fn new(size: u64, last: bool) -> Self {
        Self { remaining: size, last, idle: false, pending_cr: false, rejected: false }
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
            // A CR at the very end may have its LF in the next piece or chunk.
            let ends_with_cr = piece.ends_with(b"\r");
            let follows_cr = self.pending_cr;
            let bare = match (follows_cr, piece[0]) {
                (true, b'\n') => inspect(&piece[1..available - usize::from(ends_with_cr)]).bare,
                (true, _) => true,
                (false, _) => inspect(&piece[..available - usize::from(ends_with_cr)]).bare,
            };
            if bare {
                self.rejected = true;
                return Some(Frame::BareLineEnding);
            }
            self.remaining -= available as u64;
            self.pending_cr = ends_with_cr;
            return Some(Frame::Data(buffer.split_to(available).freeze()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The events of a message sent as these chunks, each read in pieces of `size`.
    fn decode(chunks: &[&str], size: usize) -> (String, Vec<&'static str>) {
        let mut decoder: Option<ChunkDecoder> = None;
        let (mut content, mut events) = (String::new(), Vec::new());
        for (index, chunk) in chunks.iter().enumerate() {
            let last = index + 1 == chunks.len();
            match &mut decoder {
                Some(decoder) => decoder.next(chunk.len() as u64, last),
                None => decoder = Some(ChunkDecoder::new(chunk.len() as u64, last)),
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
}
