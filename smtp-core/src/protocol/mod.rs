//! The state of the protocol, without I/O: what may come when, what a reply changes.
//!
//! A driver feeds it lines and replies and acts on what it says; see [`Protocol`].

mod order;

use std::sync::Arc;

use crate::codec::LineError;
use crate::command::{Parsed, parse};
use crate::extension::SmtpUtf8;
use crate::{
    Capabilities, Capability, Command, ConnectionInfo, Dialect, Hello, Identity, Leniency, Mail, Query,
    Recipient, Reply, ReplyCode, Secret, Session, SessionFacts, Severity, SyntaxError,
    SyntaxErrorKind as Kind, TlsInfo, UpgradeFn,
};

/// The longest command line, CRLF included (RFC 5321 section 4.5.3.1.4). Extensions lengthen MAIL
/// and RCPT, see [`Capability::line_allowance`].
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

#[derive(Debug)]
enum Pending {
    Connect,
    EarlyTalker,
    Hello(Hello),
    StartTls,
    Auth,
    Mail(Mail),
    Rcpt(Recipient),
    Data,
    Reset,
    /// VRFY or EXPN of a client that takes UTF-8.
    Utf8Query,
    Quit,
    /// A verb that is not ours.
    Extension,
    /// Nobody knows what the octets behind it are.
    Fatal,
    Other,
}

impl Pending {
    fn query(query: &Query) -> Self {
        if query.takes_utf8() { Self::Utf8Query } else { Self::Other }
    }
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

/// What a driver does with a reply.
#[derive(Debug)]
pub struct Settled {
    /// The reply to write.
    pub reply: Reply,
    /// The replies to write in its place, if there are any: one for each recipient (LMTP).
    pub each: Vec<Reply>,
    /// Whether the reply may be written in UTF-8.
    pub utf8: bool,
    /// Close the connection behind it.
    pub close: bool,
    /// Hand the transport over behind it.
    pub upgrade: Option<UpgradeFn>,
    /// Call the stack with [`Command::Connect`] rather than write the reply: the session begins anew.
    pub restart: bool,
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

    /// Takes the stack's reply to the command in flight: changes the facts as it says, and gives
    /// back what is to be written and done.
    ///
    /// An effect that does not fit the command is a bug of the stack, and so is a 3xx reply, which
    /// is the driver's to give: it panics in debug builds; in release builds the session ends with
    /// 421.
    pub fn settle(&mut self, mut reply: Reply) -> Settled {
        let effects = reply.take_effects();
        let pending = std::mem::replace(&mut self.pending, Pending::Other);
        let fits = reply.code().severity() != Severity::Intermediate
            && (effects.upgrade.is_none() || matches!(pending, Pending::StartTls))
            && (effects.restart.is_none() || matches!(pending, Pending::Extension))
            && (effects.identity.is_none() || matches!(pending, Pending::Auth) || effects.restart.is_some())
            && (effects.sender.is_none() || matches!(pending, Pending::Mail(_)))
            && (effects.recipient.is_none() || matches!(pending, Pending::Rcpt(_)))
            && (effects.each.is_empty() || matches!(pending, Pending::Data));
        debug_assert!(fits, "the reply does not fit the command: {reply:?} to {pending:?}");
        if !fits {
            let reply = Reply::new(421, "4.3.0 internal error, closing connection");
            return Settled {
                reply,
                each: Vec::new(),
                utf8: false,
                close: true,
                upgrade: None,
                restart: false,
            };
        }
        let positive = reply.is_positive();
        let mut close = effects.close || reply.code() == ReplyCode::CLOSING;
        let mut upgrade = None;
        let mut restart = false;
        let utf8 = matches!(pending, Pending::Utf8Query);
        match pending {
            Pending::Connect => self.refused = !positive,
            Pending::EarlyTalker => close |= !positive,
            Pending::Hello(hello) if positive => {
                let capabilities = if hello.extended {
                    own_capabilities(&effects.capabilities)
                } else {
                    Capabilities::new()
                };
                reply = hello_reply(&reply, &capabilities);
                self.facts.set_hello(hello, capabilities);
            }
            Pending::StartTls => {
                debug_assert_eq!(effects.upgrade.is_some(), positive, "STARTTLS needs an upgrade with 220");
                upgrade = effects.upgrade.filter(|_| positive);
                // 220 without a handshake behind it would leave both sides waiting.
                close |= positive && upgrade.is_none();
            }
            Pending::Auth => {
                if let Some(identity) = effects.identity.filter(|_| positive) {
                    self.facts.set_identity(identity);
                }
            }
            Pending::Mail(mail) if positive => self.facts.start_transaction(effects.sender.unwrap_or(mail)),
            Pending::Rcpt(recipient) if positive => {
                self.facts.add_recipient(effects.recipient.unwrap_or(recipient));
            }
            // A refused sender leaves no notes of layers behind, either.
            Pending::Data | Pending::Reset | Pending::Mail(_) => self.facts.end_transaction(),
            Pending::Quit | Pending::Fatal => close = true,
            Pending::Extension => {
                if let Some(info) = effects.restart.filter(|_| positive) {
                    self.restart(*info, effects.identity);
                    restart = true;
                }
            }
            Pending::Hello(_) | Pending::Rcpt(_) | Pending::Utf8Query | Pending::Other => {}
        }
        Settled { reply, each: Vec::new(), utf8, close, upgrade, restart }
    }

    fn restart(&mut self, info: ConnectionInfo, identity: Option<Identity>) {
        self.facts.restart(info);
        if let Some(identity) = identity {
            self.facts.set_identity(identity);
        }
        self.pending = Pending::Connect;
    }

    /// Takes the stack's reply to a message whose content was read: as [`settle`](Self::settle), but
    /// in LMTP there is a reply for each recipient (RFC 2033 section 4.2).
    pub fn settle_content(&mut self, mut reply: Reply) -> Settled {
        let count = self.session().envelope().map_or(0, |envelope| envelope.recipients.len());
        let mut each = reply.take_each();
        if self.session().info().dialect == Dialect::Smtp {
            return self.settle(reply);
        }
        debug_assert!(each.is_empty() || each.len() == count, "a reply for each recipient, or one for all");
        if each.len() != count {
            each = std::iter::repeat_with(|| reply.without_effects()).take(count).collect();
        }
        Settled { each, ..self.settle(reply) }
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

/// What the driver itself offers, in front of what the stack offers.
fn own_capabilities(of_stack: &Capabilities) -> Capabilities {
    let mut capabilities = Capabilities::new();
    for keyword in ["PIPELINING", "CHUNKING", "ENHANCEDSTATUSCODES"] {
        capabilities.insert(Capability::new(keyword));
    }
    for capability in of_stack.iter() {
        capabilities.insert(capability.clone());
    }
    capabilities
}

/// The first line of the stack's reply, then a line for each capability (RFC 5321 section
/// 4.1.1.1). No enhanced status code may stand here (RFC 2034 section 4).
fn hello_reply(reply: &Reply, capabilities: &Capabilities) -> Reply {
    let mut text = reply.lines().next().unwrap_or_default().to_owned();
    for capability in capabilities.iter() {
        text.push('\n');
        text.push_str(&capability.to_string());
    }
    Reply::new(reply.code().get(), text)
}
