use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use smtp_core::codec::Frame;
use smtp_core::extension::BodyType;
use smtp_core::protocol::Step;
use smtp_core::{BodyErrorKind, Command, Reply, SmtpService, SyntaxError};

use super::call::answer;
use super::data::{Drained, Feed};
use super::driver::{Driver, End, Next, has_verb};
use super::wire::{Stop, Wire};

/// A message that comes in by BDAT (RFC 3030): one call of the stack over several commands.
pub(super) struct Chunks<S: SmtpService> {
    feed: Feed,
    state: State<S>,
}

enum State<S: SmtpService> {
    /// The stack reads the body.
    Open(Pin<Box<S::Future>>),
    /// The stack answered before the body's end. What follows of it is read and dropped.
    Answered(Reply),
}

impl<S: SmtpService> Chunks<S> {
    /// The next line, while the stack goes on with what it has of the message. A shutdown waits for
    /// the message's end.
    pub(super) async fn frame(&mut self, wire: &mut Wire, timeout: Duration) -> Result<Frame, Stop> {
        poll_fn(|cx| {
            if let State::Open(call) = &mut self.state
                && let Poll::Ready(result) = self.feed.poll_call(call.as_mut(), cx)
            {
                self.state = State::Answered(answer(result));
            }
            wire.poll_frame(timeout, cx)
        })
        .await
    }
}

impl<S: SmtpService> Driver<S> {
    /// One BDAT: the octets behind it belong to it whatever becomes of them.
    pub(super) async fn chunk(
        &mut self,
        size: u64,
        last: bool,
        refused: Option<SyntaxError>,
    ) -> Result<Next, End> {
        if self.chunks.is_some() {
            self.wire.codec.next_chunk(size, last);
        } else {
            let binary = self
                .protocol
                .session()
                .envelope()
                .is_some_and(|envelope| envelope.sender.body_type() == BodyType::BinaryMime);
            let bare = Some(self.options.bare_line_endings).filter(|_| !binary);
            self.wire.codec.start_chunks(size, last, bare);
        }
        if let Some(error) = refused {
            self.abort_chunks();
            return self.refuse_chunk(error).await;
        }
        let mut chunks = match self.chunks.take() {
            Some(chunks) => chunks,
            None => self.start_chunks().await,
        };
        chunks.feed.ended = false;
        if let State::Open(call) = &mut chunks.state {
            let (feed, wire, silence) = (&mut chunks.feed, &mut self.wire, self.options.data_timeout);
            let mut reply = poll_fn(|cx| feed.poll(call.as_mut(), wire, silence, cx)).await;
            if reply.is_none() && last {
                feed.finish();
                reply = Some(answer(call.as_mut().await));
            }
            if let Some(reply) = reply {
                chunks.state = State::Answered(reply);
            }
        }
        if let Some(stop) = chunks.feed.stop {
            return Err(stop.into());
        }
        let drained = chunks.feed.drain(&mut self.wire, &self.options).await?;
        match chunks.state {
            State::Answered(reply) if last || drained != Drained::Whole || !reply.is_positive() => {
                self.wire.end_content();
                let reply = drained.reply(chunks.feed.checked(reply));
                if last { self.finish_content(reply).await } else { self.finish(reply.without_each()).await }
            }
            _ => {
                self.wire.reply(&Reply::new(250, format!("2.0.0 {size} octets received")));
                self.chunks = Some(chunks);
                Ok(Next::Command)
            }
        }
    }

    async fn start_chunks(&mut self) -> Chunks<S> {
        let (feed, body) = Feed::new(None);
        self.wire.begin_content(&self.options);
        let state = match self.start_call(Command::Data(body)).await {
            Ok(call) => State::Open(Box::pin(call)),
            Err(reply) => State::Answered(reply),
        };
        Chunks { feed, state }
    }

    /// A chunk that belongs to no message: read, dropped and refused.
    async fn refuse_chunk(&mut self, error: SyntaxError) -> Result<Next, End> {
        let (mut feed, _) = Feed::new(None);
        let drained = feed.drain(&mut self.wire, &self.options).await?;
        let reply = self.call(Command::Invalid(error)).await;
        self.finish(drained.reply(reply)).await
    }

    /// A line between the chunks of a message. Any but a BDAT that is in order gives the message up
    /// (RFC 3030 section 2). NOOP alone does not; the stack is busy with the message, so it is
    /// answered here, and there is no step to take.
    pub(super) fn between_chunks(&mut self, line: &[u8]) -> Option<Step> {
        if has_verb(line, b"NOOP") {
            self.wire.reply(&Reply::new(250, "2.0.0 OK"));
            return None;
        }
        if !has_verb(line, b"BDAT") {
            self.abort_chunks();
        }
        let step = self.protocol.line(line);
        if !matches!(step, Step::Chunk { refused: None, .. }) {
            self.abort_chunks();
        }
        Some(step)
    }

    pub(super) fn abort_chunks(&mut self) {
        if let Some(mut chunks) = self.chunks.take() {
            chunks.feed.fail(BodyErrorKind::Aborted);
            self.wire.end_content();
            self.protocol.abort_chunks();
        }
    }
}
