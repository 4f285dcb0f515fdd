//! The state of the protocol, without I/O: what may come when, what a reply changes.
//!
//! A driver feeds it lines and replies and acts on what it says; see [`Protocol`].

mod order;
mod settle;

use std::sync::Arc;

use settle::Pending;
pub use settle::Settled;

use crate::codec::LineError;
use crate::command::{Parsed, parse};
use crate::extension::SmtpUtf8;
use crate::{
    Command, ConnectionInfo, Identity, Leniency, Secret, Session, SessionFacts, SyntaxError,
    SyntaxErrorKind as Kind, TlsInfo,
};

/// The longest command line, CRLF included (RFC 5321 section 4.5.3.1.4). Extensions lengthen MAIL
/// and RCPT, see [`Capability::line_allowance`](crate::Capability::line_allowance).
pub const MAX_COMMAND_LINE: usize = 512;

/// One session's state: the facts, and where in the protocol it stands.
///
/// ```
/// use smtp_core::protocol::{Protocol, Step};
/// use smtp_core::{Command, ConnectionInfo, Reply};
///
/// let mut protocol = Protocol::new(ConnectionInfo::default());
/// protocol.settle(Reply::new(220, "ready"));
///
/// // Out of order: passed on as a command that is invalid, with the reply that fits.
/// let Step::Call(Command::Invalid(error)) = protocol.line(b"RCPT TO:<joe@example.org>") else {
///     panic!()
/// };
/// assert_eq!(protocol.settle(error.reply()).reply.code().get(), 503);
/// ```
#[derive(Debug)]
pub struct Protocol {
    facts: SessionFacts,
    leniency: Leniency,
    refused: bool,
    /// What the reply to the command in flight will settle.
    pending: Pending,
}

/// What a driver does with a line.
#[derive(Debug)]
pub enum Step {
    /// Call the service with this command.
    Call(Command),
    /// Call it with [`Command::Auth`], joined with a dialogue.
    Auth {
        /// The mechanism in upper case.
        mechanism: String,
        /// The decoded initial response.
        initial_response: Option<Secret>,
    },
    /// Call it with [`Command::Data`] and a body that reads up to `CRLF.CRLF`.
    Data,
    /// A chunk follows, whatever else: read its octets. `refused` says why they belong to no
    /// message; otherwise they go to the body of the message that this chunk begins or continues.
    Chunk {
        /// The octets that follow.
        size: u64,
        /// Whether they end the message.
        last: bool,
        /// Why the chunk cannot be taken.
        refused: Option<SyntaxError>,
    },
}

impl Protocol {
    /// The state of a connection that was just accepted: the first reply settles the greeting.
    pub fn new(info: ConnectionInfo) -> Self {
        Self::with_leniency(info, Leniency::default())
    }

    /// The same, overlooking these faults of the client.
    pub fn with_leniency(info: ConnectionInfo, leniency: Leniency) -> Self {
        Self { facts: SessionFacts::new(info), leniency, refused: false, pending: Pending::Connect }
    }

    /// The session as it stands.
    pub fn session(&self) -> &Session {
        self.facts.session()
    }

    /// Takes a command line, without its CRLF.
    pub fn line(&mut self, line: &[u8]) -> Step {
        match self.check_length(line).and_then(|()| parse(line, &self.leniency, self.takes_utf8(line))) {
            Ok(parsed) => self.step(parsed),
            Err(error) => {
                let step = self.invalid(error);
                // A chunk follows that was announced in a line that cannot be read.
                if verb_is(line, b"BDAT") {
                    self.pending = Pending::Fatal;
                }
                step
            }
        }
    }

    /// The client sent something before it was greeted: what is called in the place of
    /// [`Command::Connect`]. A positive reply greets it all the same; any other ends the session.
    pub fn early_talker(&mut self) -> Command {
        self.pending = Pending::EarlyTalker;
        Command::Invalid(SyntaxError::new(Kind::BeforeGreeting, "wait for the greeting"))
    }

    /// Takes a line that the codec could not take.
    pub fn bad_line(&mut self, error: LineError) -> Step {
        self.invalid(match error {
            LineError::TooLong => SyntaxError::new(Kind::TooLong, "line too long"),
            LineError::BareLineEnding => {
                SyntaxError::new(Kind::Command, "lines must end with CR LF, and with nothing else")
            }
            LineError::Chunk => SyntaxError::new(Kind::Chunk, error.to_string()),
        })
    }

    fn invalid(&mut self, error: SyntaxError) -> Step {
        let fatal = matches!(error.kind(), Kind::Chunk | Kind::Foreign);
        self.pending = if fatal { Pending::Fatal } else { Pending::Other };
        Step::Call(Command::Invalid(error))
    }

    /// Whether UTF-8 was offered, where it matters to this line.
    fn takes_utf8(&self, line: &[u8]) -> bool {
        let matters = !line.is_ascii() || verb_is(line, b"VRFY") || verb_is(line, b"EXPN");
        matters && self.session().capabilities().get(SmtpUtf8::KEYWORD).is_some()
    }

    fn check_length(&self, line: &[u8]) -> Result<(), SyntaxError> {
        let length = line.len() + 2;
        let fits = length <= MAX_COMMAND_LINE
            || verb_is(line, b"AUTH")
            || ([b"MAIL", b"RCPT", b"VRFY", b"EXPN"].into_iter().any(|verb| verb_is(line, verb))
                && length <= MAX_COMMAND_LINE + self.session().capabilities().line_allowance());
        if fits { Ok(()) } else { Err(SyntaxError::new(Kind::TooLong, "line too long")) }
    }

    fn step(&mut self, parsed: Parsed) -> Step {
        let refused = self
            .check_order(&parsed)
            .and_then(|()| self.check_parameters(&parsed))
            .and_then(|()| self.check_charset(&parsed))
            .err();
        if let Parsed::Bdat { size, last, error } = parsed {
            let refused = error.or(refused);
            self.pending = if refused.is_some() { Pending::Other } else { Pending::Data };
            return Step::Chunk { size, last, refused };
        }
        if let Some(error) = refused {
            return self.invalid(error);
        }
        let (pending, step) = match parsed {
            Parsed::Helo(hello) => (Pending::Hello(hello.clone()), Step::Call(Command::Helo(hello))),
            Parsed::Ehlo(hello) => (Pending::Hello(hello.clone()), Step::Call(Command::Ehlo(hello))),
            Parsed::Lhlo(hello) => (Pending::Hello(hello.clone()), Step::Call(Command::Lhlo(hello))),
            Parsed::StartTls => (Pending::StartTls, Step::Call(Command::StartTls)),
            Parsed::Auth { mechanism, initial_response } => {
                (Pending::Auth, Step::Auth { mechanism, initial_response })
            }
            Parsed::Mail(mail) => (Pending::Mail(mail.clone()), Step::Call(Command::Mail(mail))),
            Parsed::Rcpt(recipient) => {
                (Pending::Rcpt(recipient.clone()), Step::Call(Command::Rcpt(recipient)))
            }
            Parsed::Data | Parsed::Bdat { .. } => (Pending::Data, Step::Data),
            Parsed::Rset => (Pending::Reset, Step::Call(Command::Rset)),
            Parsed::Vrfy(query) => (Pending::query(&query), Step::Call(Command::Vrfy(query))),
            Parsed::Expn(query) => (Pending::query(&query), Step::Call(Command::Expn(query))),
            Parsed::Help(topic) => (Pending::Other, Step::Call(Command::Help(topic))),
            Parsed::Noop => (Pending::Other, Step::Call(Command::Noop)),
            Parsed::Quit => (Pending::Quit, Step::Call(Command::Quit)),
            Parsed::Other(unknown) => (Pending::Extension, Step::Call(Command::Other(unknown))),
        };
        self.pending = pending;
        step
    }

    /// Takes the facts of TLS once the handshake is done; all that was learnt before is forgotten.
    pub fn upgraded(&mut self, tls: Arc<TlsInfo>) {
        self.facts.set_tls(tls);
    }

    /// The client gave up a message in the middle of its chunks.
    pub fn abort_chunks(&mut self) {
        self.facts.end_transaction();
    }

    /// The identity, for drivers that log it.
    pub fn identity(&self) -> Option<&Identity> {
        self.session().identity()
    }
}

/// Whether a line begins with this verb, whatever stands behind it.
fn verb_is(line: &[u8], verb: &[u8; 4]) -> bool {
    line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case(verb))
}
