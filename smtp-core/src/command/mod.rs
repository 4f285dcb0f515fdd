//! Commands (RFC 5321 section 4.1) as the services see them.

mod parse;

use std::fmt;
use std::sync::Arc;

pub(crate) use parse::{Parsed, parse};

use crate::{Body, Dialogue, Host, Leniency, MAX_DOMAIN, Mail, Recipient, Secret, SyntaxError};

/// What a service is called with.
///
/// `Connect` is the connection itself, before the client has said anything; its reply is the
/// greeting. `Data` comes for DATA and for BDAT alike.
#[derive(Debug)]
#[non_exhaustive]
pub enum Command {
    /// A client connected: greet it with 220 or turn it away with 554.
    Connect,
    /// HELO
    Helo(Hello),
    /// EHLO
    Ehlo(Hello),
    /// LHLO (RFC 2033)
    Lhlo(Hello),
    /// STARTTLS (RFC 3207)
    StartTls,
    /// AUTH (RFC 4954)
    Auth(Auth),
    /// MAIL
    Mail(Mail),
    /// RCPT
    Rcpt(Recipient),
    /// DATA, or a sequence of BDAT (RFC 3030)
    Data(Body),
    /// RSET
    Rset,
    /// VRFY
    Vrfy(Query),
    /// EXPN
    Expn(Query),
    /// HELP, with its topic
    Help(Option<Query>),
    /// NOOP
    Noop,
    /// QUIT
    Quit,
    /// A verb that this crate does not know.
    Other(Unknown),
    /// A command that breaks syntax, order or a limit; most services answer with the reply that
    /// it carries.
    Invalid(SyntaxError),
}

impl Command {
    /// The verb, for logs and counters; empty for `Connect`.
    pub fn verb(&self) -> &str {
        match self {
            Self::Connect => "",
            Self::Helo(_) => "HELO",
            Self::Ehlo(_) => "EHLO",
            Self::Lhlo(_) => "LHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth(_) => "AUTH",
            Self::Mail(_) => "MAIL",
            Self::Rcpt(_) => "RCPT",
            Self::Data(_) => "DATA",
            Self::Rset => "RSET",
            Self::Vrfy(_) => "VRFY",
            Self::Expn(_) => "EXPN",
            Self::Help(_) => "HELP",
            Self::Noop => "NOOP",
            Self::Quit => "QUIT",
            Self::Other(unknown) => unknown.verb(),
            Self::Invalid(_) => "(invalid)",
        }
    }
}

/// How the client calls itself in HELO, EHLO or LHLO.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hello {
    name: Arc<str>,
    /// The name as a domain or address literal; `None` if it is neither, which [`Leniency`] may let
    /// pass. It is a claim and proves nothing.
    pub host: Option<Host>,
    /// Whether the client speaks ESMTP: it said EHLO or LHLO.
    pub extended: bool,
}

impl Hello {
    /// A greeting by EHLO.
    pub fn extended(host: impl Into<Host>) -> Self {
        Self { extended: true, ..Self::plain(host) }
    }

    /// A greeting by HELO.
    pub fn plain(host: impl Into<Host>) -> Self {
        let host = host.into();
        Self { name: host.to_string().into(), host: Some(host), extended: false }
    }

    /// The name as it was given: printable ASCII without spaces and backslashes, and outside of
    /// brackets without parentheses.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads a greeting's argument.
    pub(crate) fn parse(argument: &str, extended: bool, leniency: &Leniency) -> Option<Self> {
        let host = argument.parse().ok();
        // What may stand here goes into trace fields and logs, so even faults have their limits.
        let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:%[]".contains(&byte);
        let overlooked = leniency.hello_names
            && matches!(argument.len(), 1..=MAX_DOMAIN)
            && argument.bytes().all(harmless);
        (host.is_some() || overlooked).then(|| Self { name: argument.into(), host, extended })
    }
}

impl fmt::Display for Hello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// An AUTH command: the mechanism, what came with it, and the way to talk to the client.
#[derive(Debug)]
#[non_exhaustive]
pub struct Auth {
    /// The mechanism in upper case, as the client named it.
    pub mechanism: String,
    /// The decoded initial response; empty if the client sent `=`.
    pub initial_response: Option<Secret>,
    /// Challenges and responses.
    pub dialogue: Dialogue,
}

impl Auth {
    /// An exchange that begins.
    pub fn new(mechanism: impl Into<String>, initial_response: Option<Secret>, dialogue: Dialogue) -> Self {
        Self { mechanism: mechanism.into(), initial_response, dialogue }
    }
}

/// The argument of VRFY, EXPN or HELP: printable ASCII, or UTF-8 where the client said so; never
/// empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    text: Arc<str>,
    utf8: bool,
}

impl Query {
    /// The argument as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the client takes UTF-8 in the answer (RFC 6531 section 3.7.4.2).
    pub fn takes_utf8(&self) -> bool {
        self.utf8
    }

    pub(crate) fn new(argument: &str) -> Option<Self> {
        (!argument.is_empty()).then(|| Self { text: argument.into(), utf8: false })
    }

    pub(crate) fn with_utf8(self) -> Self {
        Self { utf8: true, ..self }
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// A command whose verb this crate does not know: a hook for private extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown {
    verb: Box<str>,
    arguments: Box<str>,
}

impl Unknown {
    pub(crate) fn new(verb: &str, arguments: &str) -> Self {
        Self { verb: verb.to_ascii_uppercase().into(), arguments: arguments.into() }
    }

    /// The verb in upper case.
    pub fn verb(&self) -> &str {
        &self.verb
    }

    /// What stands behind the verb and its space: printable ASCII.
    pub fn arguments(&self) -> &str {
        &self.arguments
    }
}

/// One command and the session in which it came.
#[derive(Debug)]
pub struct Request {
    /// The command.
    pub command: Command,
    /// The session as it stood before the command.
    pub session: crate::Session,
}

impl Request {
    /// Joins the two.
    pub fn new(command: Command, session: crate::Session) -> Self {
        Self { command, session }
    }
}
