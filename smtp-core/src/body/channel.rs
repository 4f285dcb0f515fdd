//! The two ends of a body: the driver feeds it, a service reads it.
//!
//! Mostly the reader is polled from within the service that the driver polls. Then nobody needs to
//! be woken: the driver looks for demand after it polled the service, and polls the service again
//! after it fed the body. Everywhere else the two ends wake each other.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;

use super::BodyError;

#[derive(Default)]
struct Channel {
    /// Whether the driver is just polling the service. It need not be exact for readers in other
    /// tasks: `poll_demand` follows each poll and sets it right.
    polling: AtomicBool,
    shared: Mutex<Shared>,
}

#[derive(Default)]
struct Shared {
    /// What the reader gets next.
    slot: Option<Result<Bytes, BodyError>>,
    ended: bool,
    /// The reader waits for a chunk.
    wanted: bool,
    reader_gone: bool,
    /// Whether the reader was last polled from within the service that the driver polled.
    inline: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

impl Channel {
    fn lock(&self) -> MutexGuard<'_, Shared> {
        // Nothing panics while the lock is held.
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn remember(slot: &mut Option<Waker>, cx: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
}

pub(super) fn channel() -> (BodyWriter, BodyReader) {
    let channel = Arc::<Channel>::default();
    (BodyWriter { channel: channel.clone() }, BodyReader { channel })
}

/// What the reader of a body does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// It waits for a chunk.
    Wanted,
    /// It dropped the body: nothing more is wanted.
    Dropped,
}

/// The end of a body that the driver feeds. Dropping it without [`finish`](Self::finish) tells
/// the reader that the connection broke.
pub struct BodyWriter {
    channel: Arc<Channel>,
}

impl BodyWriter {
    /// Waits until the reader wants a chunk or is gone.
    pub fn poll_demand(&mut self, cx: &mut Context<'_>) -> Poll<Demand> {
        let mut shared = self.channel.lock();
        if shared.reader_gone {
            Poll::Ready(Demand::Dropped)
        } else if shared.wanted && shared.slot.is_none() {
            // Within a combinator that has wakers of its own, or in another task that was polled
            // at the same time, the reader must be woken after all.
            shared.inline &= shared.reader.as_ref().is_some_and(|reader| reader.will_wake(cx.waker()));
            Poll::Ready(Demand::Wanted)
        } else {
            remember(&mut shared.writer, cx);
            Poll::Pending
        }
    }

    /// Runs `poll`, which polls the service that may hold the reader. A reader polled from within
    /// is not woken by what is fed to it: the caller polls the service again.
    pub fn while_polling<T>(&mut self, poll: impl FnOnce() -> T) -> T {
        self.channel.polling.store(true, Ordering::Relaxed);
        let result = poll();
        self.channel.polling.store(false, Ordering::Relaxed);
        result
    }

    /// Gives the reader a chunk. Call it once for each [`Demand::Wanted`]; a chunk that comes
    /// while another one waits takes its place.
    pub fn send(&mut self, chunk: Bytes) {
        self.put(Some(Ok(chunk)));
    }

    /// Ends the body: the message is whole.
    pub fn finish(&mut self) {
        self.put(None);
    }

    /// Ends the body with an error.
    pub fn fail(&mut self, error: impl Into<BodyError>) {
        self.put(Some(Err(error.into())));
    }

    fn put(&mut self, chunk: Option<Result<Bytes, BodyError>>) {
        let mut shared = self.channel.lock();
        if shared.ended {
            return;
        }
        shared.ended = !matches!(chunk, Some(Ok(_)));
        if chunk.is_some() {
            shared.slot = chunk;
        }
        shared.wanted = false;
        if !shared.inline
            && let Some(reader) = shared.reader.take()
        {
            drop(shared);
            reader.wake();
        }
    }
}

impl Drop for BodyWriter {
    fn drop(&mut self) {
        self.channel.lock().inline = false;
        self.put(Some(Err(super::BodyErrorKind::Disconnected.into())));
    }
}

impl std::fmt::Debug for BodyWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BodyWriter")
    }
}

pub(super) struct BodyReader {
    channel: Arc<Channel>,
}

impl BodyReader {
    pub(super) fn poll_chunk(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, BodyError>>> {
        let mut shared = self.channel.lock();
        if let Some(chunk) = shared.slot.take() {
            return Poll::Ready(Some(chunk));
        }
        if shared.ended {
            return Poll::Ready(None);
        }
        shared.wanted = true;
        let writer = shared.writer.take();
        shared.inline = self.channel.polling.load(Ordering::Relaxed);
        remember(&mut shared.reader, cx);
        let wake = writer.filter(|_| !shared.inline);
        drop(shared);
        if let Some(writer) = wake {
            writer.wake();
        }
        Poll::Pending
    }
}

impl Drop for BodyReader {
    fn drop(&mut self) {
        let mut shared = self.channel.lock();
        shared.reader_gone = true;
        if let Some(writer) = shared.writer.take() {
            drop(shared);
            writer.wake();
        }
    }
}
