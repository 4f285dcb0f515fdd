//! The content of a message as a stream with back-pressure down to the socket.

mod channel;
mod error;
mod line_limit;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use sync_wrapper::SyncWrapper;

use channel::BodyReader;
pub use channel::{BodyWriter, Demand};
pub use error::{BodyError, BodyErrorKind};
use line_limit::LineLimit;

/// The content of a message: a stream of octets with CRLF line ends, dot-stuffing undone.
///
/// On a connection, the first poll is what makes the server write 354: a service that answers
/// without having touched the body has rejected the message before the client sends an octet.
/// An error ends the stream; a message whose body ended with one was not received and must not
/// be delivered.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use smtp_core::Body;
///
/// let mut body = Body::from("Subject: hello\r\n\r\nworld\r\n").prepend("X-First: yes\r\n");
/// let mut size = 0;
/// while let Some(chunk) = body.next().await {
///     size += chunk?.len();
/// }
/// assert_eq!(size, 39);
/// # Ok::<(), smtp_core::BodyError>(()) }).unwrap();
/// ```
pub struct Body {
    /// What was prepended.
    first: Option<Bytes>,
    /// A chunk of the source that waits behind it.
    second: Option<Bytes>,
    source: Source,
    ended: bool,
    remaining: Option<u64>,
    lines: Option<LineLimit>,
}

type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>;

// A body is only ever polled through `&mut`. The wrapper lets references to it cross threads, so that
// futures which hold one across an await stay `Send`.
enum Source {
    Empty,
    Full(Bytes),
    Channel(BodyReader),
    Stream(SyncWrapper<Chunks>),
}

impl Body {
    /// A body and the end that feeds it: for drivers and tests.
    pub fn channel() -> (BodyWriter, Self) {
        let (writer, reader) = channel::channel();
        (writer, Self::from_source(Source::Channel(reader)))
    }

    /// A body from any stream of chunks.
    pub fn from_stream(stream: impl Stream<Item = Result<Bytes, BodyError>> + Send + 'static) -> Self {
        Self::from_source(Source::Stream(SyncWrapper::new(Box::pin(stream))))
    }

    /// Without content.
    pub fn empty() -> Self {
        Self::from_source(Source::Empty)
    }

    fn from_source(source: Source) -> Self {
        Self { first: None, second: None, source, ended: false, remaining: None, lines: None }
    }

    /// Puts octets in front, trace header fields for example. They count towards no limit.
    #[must_use]
    pub fn prepend(mut self, octets: impl Into<Bytes>) -> Self {
        let octets = octets.into();
        self.first = Some(match self.first.take() {
            None => octets,
            Some(behind) => [octets, behind].concat().into(),
        });
        self
    }

    /// Ends the stream with an error that answers 552 once more than `octets` were read. Of
    /// several limits the smallest holds.
    #[must_use]
    pub fn limit(mut self, octets: u64) -> Self {
        self.remaining = Some(self.remaining.map_or(octets, |present| present.min(octets)));
        self
    }

    /// Ends the stream with an error that answers 554 once a line is longer than `octets`, its CRLF
    /// included. Of several limits the smallest holds.
    #[must_use]
    pub fn limit_lines(mut self, octets: usize) -> Self {
        let max = self.lines.map_or(octets, |present| present.max().min(octets));
        self.lines = Some(LineLimit::new(max));
        self
    }

    /// The next chunk, never an empty one; `None` at the end of the message.
    ///
    /// # Errors
    /// What kept the message from being received whole; see [`BodyErrorKind`].
    pub async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        std::future::poll_fn(|cx| self.poll_chunk(cx)).await
    }

    fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        loop {
            if let Some(chunk) = self.second.take() {
                return Poll::Ready(Some(Ok(chunk)));
            }
            let chunk = match &mut self.source {
                Source::Empty => None,
                Source::Full(octets) => Some(Ok(std::mem::take(octets))).filter(|_| !self.ended),
                Source::Channel(reader) => ready!(reader.poll_chunk(cx)),
                Source::Stream(stream) => ready!(stream.get_mut().as_mut().poll_next(cx)),
            };
            self.ended = matches!(self.source, Source::Full(_));
            let chunk = match chunk {
                Some(Ok(octets)) => octets,
                Some(Err(error)) => return Poll::Ready(Some(Err(self.failed(error)))),
                None => {
                    self.source = Source::Empty;
                    return Poll::Ready(self.first.take().map(Ok));
                }
            };
            if let Some(remaining) = &mut self.remaining {
                match remaining.checked_sub(chunk.len() as u64) {
                    Some(rest) => *remaining = rest,
                    None => {
                        let error = self.failed(BodyErrorKind::TooLarge.into());
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
            if self.lines.as_mut().is_some_and(|lines| lines.exceeded(&chunk)) {
                let error = self.failed(BodyErrorKind::LineTooLong.into());
                return Poll::Ready(Some(Err(error)));
            }
            self.second = Some(chunk).filter(|chunk| !chunk.is_empty());
            // What was prepended waits for the first chunk: of a body that fails at once, or is
            // refused, nothing is to be seen.
            if let Some(first) = self.first.take() {
                return Poll::Ready(Some(Ok(first)));
            }
        }
    }

    fn failed(&mut self, error: BodyError) -> BodyError {
        *self = Self::empty();
        error
    }
}

impl Stream for Body {
    type Item = Result<Bytes, BodyError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_chunk(cx)
    }
}

impl From<Bytes> for Body {
    fn from(octets: Bytes) -> Self {
        Self::from_source(Source::Full(octets))
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Bytes::from_static(text.as_bytes()).into()
    }
}

impl From<Vec<u8>> for Body {
    fn from(octets: Vec<u8>) -> Self {
        Bytes::from(octets).into()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body(..)")
    }
}
