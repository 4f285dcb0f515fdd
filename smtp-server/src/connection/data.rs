use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use smtp_core::codec::{BareLineEndings, Frame};
use smtp_core::{Body, BodyError, BodyErrorKind, BodyWriter, BoxError, Command, Demand, Reply, SmtpService};
use tokio::time::timeout;

use super::call::answer;
use super::driver::{Driver, End, Next};
use super::wire::{Stop, Wire};
use crate::Options;

/// The driver's end of a message's body.
pub(super) struct Feed {
    writer: BodyWriter,
    /// DATA: the client waits for 354 before it sends the content, which is then read in this way.
    awaits_go_ahead: Option<BareLineEndings>,
    /// The content, or the chunk, was read to its end.
    pub(super) ended: bool,
    /// What the body ended with, if with an error.
    failed: Option<BodyErrorKind>,
    /// Nothing more comes from the client.
    pub(super) stop: Option<Stop>,
}

impl Feed {
    /// A feed and the body that it feeds.
    pub(super) fn new(awaits_go_ahead: Option<BareLineEndings>) -> (Self, Body) {
        let (writer, body) = Body::channel();
        (Self { writer, awaits_go_ahead, ended: false, failed: None, stop: None }, body)
    }

    fn go_ahead(&mut self, wire: &mut Wire) {
        if let Some(bare) = self.awaits_go_ahead.take() {
            wire.raw_line("354 end data with <CR><LF>.<CR><LF>");
            wire.codec.start_data(bare);
        }
    }

    /// Polls the stack without anything to give it.
    pub(super) fn poll_call<F: Future>(
        &mut self,
        call: Pin<&mut F>,
        cx: &mut Context<'_>,
    ) -> Poll<F::Output> {
        self.writer.while_polling(|| call.poll(cx))
    }

    /// Polls the stack and gives it what it wants of the body. Ready with its reply, or with
    /// `None` once a chunk ended that is not the last one.
    pub(super) fn poll<F, E>(
        &mut self,
        mut call: Pin<&mut F>,
        wire: &mut Wire,
        silence: Duration,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Reply>>
    where
        F: Future<Output = Result<Reply, E>>,
        E: Into<BoxError>,
    {
        loop {
            if let Poll::Ready(result) = self.poll_call(call.as_mut(), cx) {
                return Poll::Ready(Some(answer(result)));
            }
            match ready!(self.writer.poll_demand(cx)) {
                Demand::Wanted => {}
                Demand::Dropped => return Poll::Pending,
            }
            self.go_ahead(wire);
            match ready!(wire.poll_frame(silence, cx)) {
                Ok(Frame::Data(octets)) => self.writer.send(octets),
                Ok(Frame::BareLineEnding) => self.fail(BodyErrorKind::BareLineEnding),
                Ok(Frame::EndOfData) => self.finish(),
                Ok(Frame::EndOfChunk) => {
                    self.ended = true;
                    return Poll::Ready(None);
                }
                // The codec reads content here; lines are none.
                Ok(_) => self.stop(Stop::Closed),
                Err(stop) => self.stop(stop),
            }
        }
    }

    /// The body is whole.
    pub(super) fn finish(&mut self) {
        self.ended = true;
        self.writer.finish();
    }

    pub(super) fn fail(&mut self, kind: BodyErrorKind) {
        self.failed = Some(kind);
        self.writer.fail(kind);
    }

    fn stop(&mut self, stop: Stop) {
        let kind =
            if matches!(stop, Stop::Timeout) { BodyErrorKind::Timeout } else { BodyErrorKind::Disconnected };
        self.fail(kind);
        self.stop = Some(stop);
    }

    /// Reads what is left of a content that the stack did not want, within limits.
    pub(super) async fn drain(&mut self, wire: &mut Wire, limits: &Options) -> Result<Drained, Stop> {
        let (mut octets, time) = (limits.drain_octets, limits.drain_timeout);
        let read = async {
            while !self.ended {
                let frame = match wire.frame(time).await {
                    Err(Stop::Timeout) => return Ok(Drained::TooSlow),
                    frame => frame?,
                };
                match frame {
                    Frame::Data(data) => match octets.checked_sub(data.len() as u64) {
                        Some(rest) => octets = rest,
                        None => return Ok(Drained::TooLarge),
                    },
                    Frame::BareLineEnding => self.failed = Some(BodyErrorKind::BareLineEnding),
                    Frame::EndOfData | Frame::EndOfChunk => self.ended = true,
                    // The codec reads content here; lines are none.
                    _ => return Err(Stop::Closed),
                }
            }
            Ok(Drained::Whole)
        };
        timeout(time, read).await.unwrap_or(Ok(Drained::TooSlow))
    }

    /// The stack's reply, unless the stack accepts what was not received.
    pub(super) fn checked(&self, reply: Reply) -> Reply {
        match self.failed {
            None => reply,
            Some(kind) if !(reply.is_transient() || reply.is_permanent()) => BodyError::from(kind).reply(),
            // The worst of several outcomes: the others may be successes.
            Some(_) => reply.without_each(),
        }
    }
}

impl<S: SmtpService> Driver<S> {
    /// DATA: one call, with the content as the client sends it.
    pub(super) async fn data(&mut self) -> Result<Next, End> {
        let (mut feed, body) = Feed::new(Some(self.options.bare_line_endings));
        self.wire.begin_content(&self.options);
        let reply = match self.start_call(Command::Data(body)).await {
            Ok(call) => {
                let mut call = pin!(call);
                let silence = self.options.data_timeout;
                let reply = poll_fn(|cx| feed.poll(call.as_mut(), &mut self.wire, silence, cx)).await;
                reply.unwrap_or_else(|| Reply::new(451, "4.3.0 local error in processing"))
            }
            Err(reply) => reply,
        };
        self.wire.end_content();
        if let Some(stop) = feed.stop {
            return Err(stop.into());
        }
        if feed.awaits_go_ahead.is_some() {
            // Refused before a byte was sent. What is accepted must be sent first: 354 is the
            // only way to say yes to DATA (RFC 5321 section 4.3.2).
            if !reply.is_positive() {
                let reply = self.refuse_data(reply);
                return self.finish(reply).await;
            }
            feed.go_ahead(&mut self.wire);
        }
        let drained = feed.drain(&mut self.wire, &self.options).await?;
        self.finish_content(drained.reply(feed.checked(reply))).await
    }

    /// DATA is the last command of its group (RFC 2920 section 3.1). What came behind it without
    /// waiting for 354 is content, and must not be taken for commands.
    pub(super) fn refuse_data(&self, reply: Reply) -> Reply {
        if self.wire.has_input() { reply.and_close() } else { reply }
    }
}

/// What came of reading what nobody wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drained {
    /// It was read to its end.
    Whole,
    /// It goes on beyond the limit.
    TooLarge,
    /// It takes too long.
    TooSlow,
}

impl Drained {
    /// The reply to such a content: no success unless it was read, and the end of the session.
    pub(super) fn reply(self, reply: Reply) -> Reply {
        let failed = reply.is_transient() || reply.is_permanent();
        match self {
            Self::Whole => reply,
            _ if failed => reply.without_each().and_close(),
            Self::TooLarge => BodyError::from(BodyErrorKind::TooLarge).reply().and_close(),
            Self::TooSlow => BodyError::from(BodyErrorKind::Timeout).reply().and_close(),
        }
    }
}
