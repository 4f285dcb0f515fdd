use std::fmt::{self, Write as _};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::{BufMut, BytesMut};
use smtp_core::client::{ClientTls, Destination};
use smtp_core::codec::LineDecoder;
use smtp_core::{
    Acceptance, BoxError, Dialect, Recipient, Remote, Reply, ReplyCode, ReplyParser, Secret, TlsInfo,
    Transport, Upgrade,
};
use tokio::io::{AsyncRead as _, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout};

use super::Timeouts;
use super::failure;
use super::offers::Offers;

/// The longest reply line that is taken: four times what RFC 5321 section 4.5.3.1.5 allows.
const MAX_REPLY_LINE: usize = 2048;
/// The most octets of one reply; a next hop that sends more does not mean a reply.
const MAX_REPLY: usize = 256 * 1024;
const READ_SIZE: usize = 4096;

/// Who decides for whom a connection is protected well enough, and where it leads.
pub(super) struct Checked {
    pub(super) policy: Arc<dyn ClientTls>,
    pub(super) destination: Destination,
}

impl fmt::Debug for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.destination.fmt(f)
    }
}

/// A connection to a next hop: commands out, replies in.
#[derive(Debug)]
pub(crate) struct Connection {
    /// The name of the server.
    host: Arc<str>,
    pub(super) transport: Transport,
    incoming: BytesMut,
    lines: LineDecoder,
    pub(crate) outgoing: BytesMut,
    pub(crate) offers: Offers,
    /// The facts of TLS, once there is TLS.
    pub(crate) tls: Option<Arc<TlsInfo>>,
    /// Who may have messages over it.
    pub(super) checked: Option<Checked>,
    /// We have logged in.
    pub(crate) authenticated: bool,
    pub(crate) timeouts: Timeouts,
    /// What is spoken: SMTP, or LMTP.
    pub(crate) dialect: Dialect,
    pub(crate) opened: Instant,
    /// How many messages went over it.
    pub(crate) messages: u32,
    /// Nothing more can be said over it.
    pub(crate) broken: bool,
}

impl Connection {
    /// A connection to the server with this name.
    pub(crate) fn new(host: Arc<str>, transport: Transport, timeouts: Timeouts) -> Self {
        Self {
            host,
            transport,
            incoming: BytesMut::new(),
            lines: LineDecoder::new(MAX_REPLY_LINE),
            outgoing: BytesMut::new(),
            offers: Offers::default(),
            tls: None,
            checked: None,
            authenticated: false,
            timeouts,
            dialect: Dialect::Smtp,
            opened: Instant::now(),
            messages: 0,
            broken: false,
        }
    }

    /// Whether a recipient may have the message over this connection, as it is protected.
    pub(super) fn check_recipient(&self, recipient: &Recipient) -> Result<(), Reply> {
        match &self.checked {
            None => Ok(()),
            Some(Checked { policy, destination }) => {
                policy.check_recipient(destination, recipient, self.tls.as_deref())
            }
        }
    }

    /// Whether the next hop answers for each recipient (RFC 2033).
    pub(crate) fn is_lmtp(&self) -> bool {
        self.dialect == Dialect::Lmtp
    }

    /// Goes on within TLS. Nothing that was learnt before holds any longer (RFC 3207 section 4.2).
    ///
    /// # Errors
    /// If there is no TLS. The connection is lost then.
    pub(crate) async fn upgrade(&mut self, upgrade: &dyn Upgrade) -> Result<Arc<TlsInfo>, BoxError> {
        let transport = std::mem::replace(&mut self.transport, Transport::new(tokio::io::empty()));
        self.broken = true;
        if !self.incoming.is_empty() {
            return Err("plain text in front of the handshake".into());
        }
        let upgraded = timeout(self.timeouts.tls, upgrade.upgrade(transport)).await??;
        let dialect = self.dialect;
        *self = Self::new(self.host.clone(), upgraded.transport, self.timeouts);
        self.dialect = dialect;
        self.tls = Some(upgraded.tls.clone());
        Ok(upgraded.tls)
    }

    /// Puts a command behind those that wait to be sent.
    pub(crate) fn push(&mut self, command: fmt::Arguments<'_>) {
        // Writing into a buffer that grows cannot fail.
        let _ = self.outgoing.write_fmt(command);
        self.outgoing.extend_from_slice(b"\r\n");
    }

    /// Sends the commands that wait.
    pub(crate) async fn send(&mut self, limit: Duration) -> Result<(), Reply> {
        self.expect_silence()?;
        self.flush(limit).await
    }

    /// Makes sure that every reply so far was asked for. One that was not would be taken for the
    /// answer to what is sent next.
    pub(crate) fn expect_silence(&mut self) -> Result<(), Reply> {
        if self.incoming.is_empty() {
            return Ok(());
        }
        tracing::warn!("next hop answered what it was not asked");
        self.broken = true;
        Err(failure::protocol())
    }

    /// Whether the next hop has said something, or hung up, without being asked. Does not wait.
    pub(crate) async fn has_spoken(&mut self) -> bool {
        let mut octets = [0; 512];
        let mut buffer = ReadBuf::new(&mut octets);
        let read =
            poll_fn(|cx| Poll::Ready(Pin::new(&mut self.transport).poll_read(cx, &mut buffer).is_ready()));
        let ready = read.await;
        self.incoming.extend_from_slice(buffer.filled());
        ready || !self.incoming.is_empty()
    }

    /// Sends everything that waits.
    pub(crate) async fn flush(&mut self, limit: Duration) -> Result<(), Reply> {
        let written = async {
            self.transport.write_all(&self.outgoing).await?;
            self.transport.flush().await
        };
        let result = timeout(limit, written).await;
        self.outgoing.clear();
        self.check(result)
    }

    /// Sends one command and waits for the answer.
    pub(crate) async fn command(&mut self, command: &str, limit: Duration) -> Result<Reply, Reply> {
        self.push(format_args!("{command}"));
        self.send(limit).await?;
        self.reply(limit).await
    }

    /// Sends a line that nobody should find in memory afterwards, and waits for the answer.
    pub(crate) async fn secret(&mut self, line: &Secret, limit: Duration) -> Result<Reply, Reply> {
        self.expect_silence()?;
        let written = async {
            self.transport.write_all(line.expose()).await?;
            self.transport.write_all(b"\r\n").await?;
            self.transport.flush().await
        };
        let result = timeout(limit, written).await;
        self.check(result)?;
        self.reply(limit).await
    }

    /// Waits for a reply.
    pub(crate) async fn reply(&mut self, limit: Duration) -> Result<Reply, Reply> {
        let result = timeout(limit, self.read_reply()).await;
        let reply = self.check(result)?.inspect_err(|reply| {
            tracing::warn!(%reply, "next hop breaks the protocol");
            self.broken = true;
        })?;
        // Behind 421 the next hop closes.
        self.broken |= reply.code() == ReplyCode::CLOSING;
        let refused = reply.is_transient() || reply.is_permanent();
        // What is offered and asked for may be long.
        let reply = if refused { failure::shortened(reply) } else { reply };
        Ok(reply.from_remote(self.remote()))
    }

    /// Who answers, and what it means that it accepts a message (RFC 3461 section 5.2.1). What is behind
    /// LMTP are mailboxes (RFC 2033 section 1).
    fn remote(&self) -> Remote {
        let acceptance = match self.dialect {
            Dialect::Lmtp => Acceptance::Delivered,
            Dialect::Smtp if self.offers.has("DSN") => Acceptance::PassedOn,
            Dialect::Smtp => Acceptance::Relayed,
        };
        Remote::new(self.host.clone(), acceptance).keeping_time(self.offers.has("DELIVERBY"))
    }

    async fn read_reply(&mut self) -> io::Result<Result<Reply, Reply>> {
        let mut parser = ReplyParser::default();
        // A line without end is dropped while it comes; somebody may never stop.
        let mut octets = 0;
        loop {
            while let Some(line) = self.lines.decode(&mut self.incoming) {
                match line.map_err(|_| failure::protocol()).and_then(|line| parser.line(&line)) {
                    Ok(None) => {}
                    Ok(Some(reply)) => return Ok(Ok(reply)),
                    Err(malformed) => return Ok(Err(malformed)),
                }
            }
            self.incoming.reserve(READ_SIZE);
            let mut read = (&mut self.incoming).limit(READ_SIZE);
            match self.transport.read_buf(&mut read).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => octets += count,
            }
            if octets > MAX_REPLY {
                return Ok(Err(failure::protocol()));
            }
        }
    }

    fn check<T>(&mut self, result: Result<io::Result<T>, tokio::time::error::Elapsed>) -> Result<T, Reply> {
        match result {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => tracing::warn!(%error, "connection to the next hop broke"),
            Err(_) => {
                tracing::warn!("next hop is silent for too long");
                self.broken = true;
                return Err(failure::timeout());
            }
        }
        self.broken = true;
        Err(failure::broken())
    }
}
