use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use smtp_core::codec::Frame;
use smtp_core::protocol::{Protocol, Settled, Step};
use smtp_core::{Command, ConnectionInfo, Reply, SmtpService, Transport};

use super::ConnectionError;
use super::chunks::Chunks;
use super::wire::{LINGER, Stop, Wire};
use crate::Options;

/// Everything that one connection has: the wire, the state of the protocol, the stack.
pub(super) struct Driver<S: SmtpService> {
    pub(super) wire: Wire,
    pub(super) protocol: Protocol,
    pub(super) service: S,
    pub(super) options: Options,
    /// The message that is coming in by BDAT.
    pub(super) chunks: Option<Chunks<S>>,
}

/// What follows a command.
pub(super) enum Next {
    /// The next command.
    Command,
    /// The end of the connection; whether the client was told to go while it may still talk.
    Close { linger: bool },
}

/// Why a session ended before its time.
pub(super) enum End {
    /// Nothing more comes from the client.
    Stop(Stop),
    /// The handshake failed: nothing may be written any more.
    Handshake(ConnectionError),
}

impl From<Stop> for End {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl<S: SmtpService> Driver<S> {
    pub(super) fn new(
        transport: Transport,
        info: ConnectionInfo,
        service: S,
        options: Options,
        shutdown: Arc<AtomicBool>,
    ) -> Self {
        Self {
            wire: Wire::new(transport, shutdown),
            protocol: Protocol::with_leniency(info, options.leniency),
            service,
            options,
            chunks: None,
        }
    }

    pub(super) async fn run(mut self) -> Result<(), ConnectionError> {
        let stop = match self.session().await {
            Ok(linger) => match self.wire.close(linger, self.options.command_timeout).await {
                Ok(()) => return Ok(()),
                Err(stop) => stop,
            },
            Err(End::Stop(stop)) => stop,
            Err(End::Handshake(error)) => return Err(error),
        };
        let last_words = match stop {
            Stop::Timeout => Some(Reply::new(421, "4.4.2 timeout, closing connection")),
            Stop::Shutdown => Some(Reply::new(421, "4.3.2 server shutting down, closing connection")),
            Stop::Closed | Stop::Io(_) => None,
        };
        if let Some(reply) = last_words {
            self.wire.reply(&reply);
            // The client may be gone; then the reason for the stop stands alone.
            let _ = self.wire.close(matches!(stop, Stop::Shutdown), LINGER.1).await;
        }
        ConnectionError::from_stop(stop)
    }

    /// From the greeting to the last command; tells whether to linger when closing.
    async fn session(&mut self) -> Result<bool, End> {
        let command = match self.wire.talks_before(self.options.greeting_delay).await? {
            false => Command::Connect,
            true => self.protocol.early_talker(),
        };
        let greeting = self.call(command).await;
        let mut next = self.finish(greeting).await?;
        loop {
            if let Next::Close { linger } = next {
                return Ok(linger);
            }
            next = self.command().await?;
        }
    }

    async fn command(&mut self) -> Result<Next, End> {
        let frame = match &mut self.chunks {
            None => self.wire.command(self.options.command_timeout).await?,
            Some(chunks) => chunks.frame(&mut self.wire, self.options.command_timeout).await?,
        };
        let mut is_data = false;
        let step = match frame {
            Frame::Line(line) => {
                is_data = has_verb(&line, b"DATA");
                if self.chunks.is_some() {
                    match self.between_chunks(&line) {
                        Some(step) => step,
                        None => return Ok(Next::Command),
                    }
                } else {
                    self.protocol.line(&line)
                }
            }
            Frame::BadLine(error) => {
                self.abort_chunks();
                self.protocol.bad_line(error)
            }
            // Content comes only where it was asked for.
            _ => return Ok(Next::Close { linger: true }),
        };
        match step {
            Step::Call(command) => {
                let quit = matches!(command, Command::Quit);
                let reply = self.call(command).await;
                let reply = if is_data { self.refuse_data(reply) } else { reply };
                let next = self.finish(reply).await?;
                Ok(if quit { Next::Close { linger: false } } else { next })
            }
            // Boxed, so that a connection that waits for a command has no room set apart for them.
            Step::Auth { mechanism, initial_response } => {
                Box::pin(self.auth(mechanism, initial_response)).await
            }
            Step::Data => Box::pin(self.data()).await,
            Step::Chunk { size, last, refused } => Box::pin(self.chunk(size, last, refused)).await,
        }
    }

    /// Settles a command with its reply and does what the reply says.
    pub(super) async fn finish(&mut self, reply: Reply) -> Result<Next, End> {
        let settled = self.protocol.settle(reply);
        self.conclude(settled).await
    }

    /// The same for a message whose content was read.
    pub(super) async fn finish_content(&mut self, reply: Reply) -> Result<Next, End> {
        let settled = self.protocol.settle_content(reply);
        self.conclude(settled).await
    }

    async fn conclude(&mut self, settled: Settled) -> Result<Next, End> {
        if let Some(upgrade) = settled.upgrade {
            return Box::pin(self.start_tls(&settled.reply, upgrade)).await;
        }
        if settled.restart {
            let greeting = self.call(Command::Connect).await;
            return Box::pin(self.finish(greeting)).await;
        }
        if settled.utf8 {
            self.wire.utf8_reply(&settled.reply);
        } else if settled.each.is_empty() {
            self.wire.reply(&settled.reply);
        }
        for reply in &settled.each {
            self.wire.reply(reply);
        }
        Ok(if settled.close { Next::Close { linger: true } } else { Next::Command })
    }
}

/// Whether a command line has this verb, whatever white space stands behind it.
pub(super) fn has_verb(line: &[u8], verb: &[u8]) -> bool {
    line.split(|octet| matches!(octet, b' ' | b'\t'))
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case(verb))
}
