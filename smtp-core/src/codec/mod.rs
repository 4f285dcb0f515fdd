//! The framing of SMTP: command lines, the content behind DATA, chunks behind BDAT.
//!
//! [`ServerCodec`] is a `Decoder` and `Encoder` of tokio-util for the server's side; it is a
//! state machine over buffers and does no I/O. [`DotStuffing`] is the way out, for clients.

mod chunk;
mod data;
mod dot_stuffing;
mod line;
mod line_ending;

use std::io;

use bytes::{Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use chunk::ChunkDecoder;
use data::DataDecoder;
pub use dot_stuffing::DotStuffing;
pub use line::{LineDecoder, LineError};
pub use line_ending::BareLineEndings;

use crate::Reply;

/// The longest line in an AUTH exchange, with its CRLF (RFC 4954 section 4).
pub const MAX_AUTH_LINE: usize = 12_288;

/// What a client's octets divide into.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame {
    /// A line without its CRLF.
    Line(BytesMut),
    /// A line that cannot be taken; it was dropped up to its CRLF.
    BadLine(LineError),
    /// Content of a message, never empty; dot-stuffing is undone.
    Data(Bytes),
    /// The content has a CR or LF of its own. No more content follows, only its end.
    BareLineEnding,
    /// `CRLF.CRLF` was read.
    EndOfData,
    /// The octets announced by BDAT were read.
    EndOfChunk,
}

/// The server's side of the wire.
///
/// It starts with lines. [`start_data`](Self::start_data) and
/// [`start_chunks`](Self::start_chunks) switch to content; the end of the content switches back.
/// The octets behind a line or a content stay in the buffer for the mode that comes next.
///
/// ```
/// use bytes::BytesMut;
/// use smtp_core::codec::{BareLineEndings, Frame, ServerCodec};
/// use tokio_util::codec::Decoder;
///
/// let mut codec = ServerCodec::default();
/// let mut buffer = BytesMut::from("DATA\r\nhello\r\n..\r\n.\r\nQUIT\r\n");
/// assert_eq!(codec.decode(&mut buffer)?, Some(Frame::Line("DATA".into())));
/// codec.start_data(BareLineEndings::Reject);
/// assert_eq!(codec.decode(&mut buffer)?, Some(Frame::Data("hello\r\n.\r\n".into())));
/// assert_eq!(codec.decode(&mut buffer)?, Some(Frame::EndOfData));
/// assert_eq!(codec.decode(&mut buffer)?, Some(Frame::Line("QUIT".into())));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct ServerCodec {
    lines: LineDecoder,
    content: Content,
}

#[derive(Debug)]
enum Content {
    None,
    Data(DataDecoder),
    Chunk(ChunkDecoder),
}

impl Default for ServerCodec {
    fn default() -> Self {
        Self { lines: LineDecoder::new(MAX_AUTH_LINE), content: Content::None }
    }
}

impl ServerCodec {
    /// Reads content up to `CRLF.CRLF` next.
    pub fn start_data(&mut self, bare: BareLineEndings) {
        self.content = Content::Data(DataDecoder::new(bare));
    }

    /// Reads `size` octets of a message next that comes in chunks; `last` ends it. `bare` is `None`
    /// for binary content, whose octets are no lines (RFC 3030 section 3).
    pub fn start_chunks(&mut self, size: u64, last: bool, bare: Option<BareLineEndings>) {
        self.content = Content::Chunk(ChunkDecoder::new(size, last, bare));
    }

    /// Reads `size` more octets of that message; `last` ends it.
    pub fn next_chunk(&mut self, size: u64, last: bool) {
        match &mut self.content {
            Content::Chunk(chunk) => chunk.next(size, last),
            _ => self.start_chunks(size, last, Some(BareLineEndings::Reject)),
        }
    }

    /// Reads the next frame if `buffer` holds one.
    pub fn next_frame(&mut self, buffer: &mut BytesMut) -> Option<Frame> {
        let frame = match &mut self.content {
            Content::Data(data) => data.decode(buffer),
            Content::Chunk(chunk) if !chunk.is_idle() => chunk.decode(buffer),
            _ => {
                return self.lines.decode(buffer).map(|line| match line {
                    Ok(line) => Frame::Line(line),
                    Err(error) => Frame::BadLine(error),
                });
            }
        };
        if frame == Some(Frame::EndOfData) {
            self.content = Content::None;
        }
        frame
    }
}

impl Decoder for ServerCodec {
    type Item = Frame;
    type Error = io::Error;

    fn decode(&mut self, buffer: &mut BytesMut) -> Result<Option<Frame>, io::Error> {
        Ok(self.next_frame(buffer))
    }
}

impl Encoder<&Reply> for ServerCodec {
    type Error = io::Error;

    fn encode(&mut self, reply: &Reply, buffer: &mut BytesMut) -> Result<(), io::Error> {
        reply.encode(buffer);
        Ok(())
    }
}
