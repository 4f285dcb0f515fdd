use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use smtp_core::codec::{Frame, ServerCodec};
use smtp_core::{Reply, Transport};
use tokio::io::AsyncWrite;
use tokio_util::io::poll_read_buf;

use super::pace::Pace;
use super::timer::Timer;
use crate::Options;

/// The read buffer of a connection that waits for a command.
const IDLE_INPUT: usize = 1024;
/// That of one that waits for content: a short message takes one read.
const CONTENT_INPUT: usize = 4 * 1024;
/// The read buffer of a connection that sends much.
const MAX_INPUT: usize = 64 * 1024;
/// Replies wait for each other up to here.
const MAX_OUTPUT: usize = 16 * 1024;
/// What is read for the sake of a last reply, and for how long.
pub(super) const LINGER: (usize, Duration) = (64 * 1024, Duration::from_secs(1));

/// The socket, the buffers and the clock of one connection.
pub(super) struct Wire {
    transport: Transport,
    pub(super) codec: ServerCodec,
    input: BytesMut,
    output: BytesMut,
    /// Octets were handed to the transport that it may still hold back.
    unflushed: bool,
    /// How much is read at once: more while reads fill the buffer.
    read_size: usize,
    /// How much that is where nothing is there to be read.
    least_read: usize,
    timer: Timer,
    /// Within a message.
    pace: Option<Pace>,
    shutdown: Arc<AtomicBool>,
}

/// Why there is no further frame.
#[derive(Debug)]
pub(super) enum Stop {
    /// The client closed the connection.
    Closed,
    /// The client was silent for too long.
    Timeout,
    /// The server shuts down.
    Shutdown,
    /// The transport failed.
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Wire {
    pub(super) fn new(transport: Transport, shutdown: Arc<AtomicBool>) -> Self {
        Self {
            transport,
            codec: ServerCodec::default(),
            input: BytesMut::new(),
            output: BytesMut::new(),
            unflushed: false,
            read_size: IDLE_INPUT,
            least_read: IDLE_INPUT,
            timer: Timer::new(),
            pace: None,
            shutdown,
        }
    }

    /// Puts a reply into the output; it goes out when input runs out.
    pub(super) fn reply(&mut self, reply: &Reply) {
        reply.encode(&mut self.output);
    }

    /// The same for a client that takes UTF-8.
    pub(super) fn utf8_reply(&mut self, reply: &Reply) {
        reply.encode_utf8(&mut self.output);
    }

    pub(super) fn raw_line(&mut self, line: &str) {
        self.output.extend_from_slice(line.as_bytes());
        self.output.extend_from_slice(b"\r\n");
    }

    /// Whether octets were read that no frame has taken.
    pub(super) fn has_input(&self) -> bool {
        !self.input.is_empty()
    }

    /// The next frame. `timeout` holds for the whole frame.
    pub(super) async fn frame(&mut self, timeout: Duration) -> Result<Frame, Stop> {
        self.timer.clear();
        poll_fn(|cx| self.poll_frame(timeout, cx)).await
    }

    /// The next frame, as above, unless the server shuts down before it is there.
    pub(super) async fn command(&mut self, timeout: Duration) -> Result<Frame, Stop> {
        self.timer.clear();
        poll_fn(|cx| {
            if self.shutdown.load(Ordering::Acquire) {
                return Poll::Ready(Err(Stop::Shutdown));
            }
            self.poll_frame(timeout, cx)
        })
        .await
    }

    pub(super) fn poll_frame(
        &mut self,
        timeout: Duration,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Frame, Stop>> {
        loop {
            if self.output.len() > MAX_OUTPUT {
                ready!(self.poll_flush(timeout, cx))?;
            }
            if let Some(frame) = self.codec.next_frame(&mut self.input) {
                self.timer.clear();
                return Poll::Ready(Ok(frame));
            }
            // No whole command is left: the client waits for its replies (RFC 2920 section 3.2).
            ready!(self.poll_flush(timeout, cx))?;
            match self.poll_fill(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(Stop::Closed)),
                Poll::Ready(Ok(octets)) => {
                    if let Some(pace) = &mut self.pace {
                        pace.receive(octets);
                    }
                }
                // TLS without close_notify: most clients leave so. Content has an end of its own.
                Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Poll::Ready(Err(Stop::Closed));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error.into())),
                Poll::Pending => {
                    let patience = self.pace.as_mut().map_or(timeout, |pace| pace.patience().min(timeout));
                    ready!(self.timer.poll_elapsed(patience, cx));
                    self.timer.clear();
                    return Poll::Ready(Err(Stop::Timeout));
                }
            }
        }
    }

    /// Waits for `delay`; tells whether the client sent something meanwhile.
    pub(super) async fn talks_before(&mut self, delay: Duration) -> Result<bool, Stop> {
        if delay.is_zero() {
            return Ok(false);
        }
        self.timer.clear();
        let talks = poll_fn(|cx| match self.poll_fill(cx) {
            Poll::Ready(Ok(0)) => Poll::Ready(Err(Stop::Closed)),
            Poll::Ready(result) => Poll::Ready(result.map(|_| true).map_err(Stop::Io)),
            Poll::Pending if self.shutdown.load(Ordering::Acquire) => Poll::Ready(Err(Stop::Shutdown)),
            Poll::Pending => self.timer.poll_elapsed(delay, cx).map(|()| Ok(false)),
        })
        .await;
        self.timer.clear();
        talks
    }

    /// Ready once the client has hung up while nothing is read from it. What it sends meanwhile stays
    /// in the buffer; then nothing more is to be seen of it until that is taken.
    pub(super) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<Stop> {
        if self.has_input() {
            return Poll::Pending;
        }
        match self.poll_fill(cx) {
            Poll::Ready(Ok(0)) => Poll::Ready(Stop::Closed),
            Poll::Ready(Err(error)) => Poll::Ready(error.into()),
            Poll::Ready(Ok(_)) | Poll::Pending => Poll::Pending,
        }
    }

    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.input.reserve(self.read_size);
        let room = self.input.capacity() - self.input.len();
        let read = poll_read_buf(Pin::new(&mut self.transport), cx, &mut self.input);
        match &read {
            Poll::Ready(Ok(count)) if *count == room => self.read_size = (self.read_size * 4).min(MAX_INPUT),
            Poll::Pending if self.input.is_empty() && self.input.capacity() > 4 * self.least_read => {
                // Nothing is there: a connection that waits holds a small buffer.
                self.read_size = self.least_read;
                self.input = BytesMut::with_capacity(self.least_read);
            }
            _ => {}
        }
        read
    }

    pub(super) async fn flush(&mut self, timeout: Duration) -> Result<(), Stop> {
        self.timer.clear();
        poll_fn(|cx| self.poll_flush(timeout, cx)).await
    }

    fn poll_flush(&mut self, timeout: Duration, cx: &mut Context<'_>) -> Poll<Result<(), Stop>> {
        if self.output.is_empty() && !self.unflushed {
            return Poll::Ready(Ok(()));
        }
        match self.poll_write_out(cx) {
            Poll::Ready(result) => {
                self.timer.clear();
                if self.output.capacity() > MAX_OUTPUT {
                    self.output = BytesMut::new();
                }
                Poll::Ready(result.map_err(Stop::Io))
            }
            Poll::Pending => {
                ready!(self.timer.poll_elapsed(timeout, cx));
                self.timer.clear();
                // Who takes no replies gets no further ones.
                self.output.clear();
                self.unflushed = false;
                Poll::Ready(Err(Stop::Timeout))
            }
        }
    }

    fn poll_write_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut transport = Pin::new(&mut self.transport);
        let mut progress = false;
        while !self.output.is_empty() {
            match transport.as_mut().poll_write(cx, &self.output) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(written)) => {
                    self.output.advance(written);
                    self.unflushed = true;
                    progress = true;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    if progress {
                        self.timer.clear();
                    }
                    return Poll::Pending;
                }
            }
        }
        // TLS takes octets that its socket does not take yet: they are not out before this is done.
        ready!(transport.poll_flush(cx))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }

    /// A message begins: there is a time for all of it, and a pace.
    pub(super) fn begin_content(&mut self, options: &Options) {
        self.timer.limit(Some(options.message_timeout));
        self.pace = Pace::new(options.data_timeout, options.min_data_rate);
        self.least_read = CONTENT_INPUT;
        self.read_size = self.read_size.max(CONTENT_INPUT);
    }

    /// It was read, or will not be.
    pub(super) fn end_content(&mut self) {
        self.timer.limit(None);
        self.pace = None;
        self.least_read = IDLE_INPUT;
        if self.read_size == CONTENT_INPUT {
            self.read_size = IDLE_INPUT;
        }
    }

    /// Takes the transport out for a handshake; what was read and not taken is forgotten.
    pub(super) fn take_transport(&mut self) -> Transport {
        self.input.clear();
        std::mem::replace(&mut self.transport, Transport::new(tokio::io::empty()))
    }

    /// Goes on over another transport.
    pub(super) fn set_transport(&mut self, transport: Transport) {
        self.transport = transport;
        self.codec = ServerCodec::default();
        self.input = BytesMut::new();
    }

    /// Writes what is left, which may take as long as `timeout`, and closes. With `linger`, octets
    /// that the client still sends are read for a moment: a socket closed over unread octets takes
    /// the last reply down with it.
    pub(super) async fn close(&mut self, linger: bool, timeout: Duration) -> Result<(), Stop> {
        self.flush(timeout).await?;
        let shutdown = poll_fn(|cx| Pin::new(&mut self.transport).poll_shutdown(cx));
        // The client may have gone first; then there is nothing to close.
        let _ = tokio::time::timeout(LINGER.1, shutdown).await;
        if linger {
            let mut octets = self.input.len();
            let read = async {
                while octets < LINGER.0 {
                    self.input.clear();
                    match poll_fn(|cx| self.poll_fill(cx)).await {
                        Ok(0) | Err(_) => break,
                        Ok(count) => octets += count,
                    }
                }
            };
            let _ = tokio::time::timeout(LINGER.1, read).await;
        }
        Ok(())
    }
}
