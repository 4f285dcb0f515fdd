//! Commands that cannot be taken as they are.

use std::borrow::Cow;
use std::fmt;

use crate::Reply;

/// A command that breaks the grammar, the order of commands or a limit of the protocol, with the
/// reply that the RFCs ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    kind: SyntaxErrorKind,
    text: Cow<'static, str>,
}

/// What a command broke.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SyntaxErrorKind {
    /// It is no command at all: 500 5.5.2.
    Command,
    /// The line is too long: 500 5.5.2.
    TooLong,
    /// The arguments break the grammar: 501 5.5.4.
    Arguments,
    /// The address breaks the grammar: 501 5.1.3 for recipients, 501 5.1.7 for senders.
    Recipient,
    /// As above, in MAIL.
    Sender,
    /// The initial response is not base64: 501 5.5.2.
    Encoding,
    /// It may not come now: 503 5.5.1.
    Order,
    /// Octets came before the greeting (RFC 5321 section 4.3.1): 554 5.5.1, and the connection ends.
    BeforeGreeting,
    /// DATA with a sender but without a recipient: 554 5.5.1.
    NoRecipients,
    /// BDAT without a size that can be read: 501 5.5.4, and the connection ends, as nobody knows
    /// where the chunk does.
    Chunk,
    /// It is a line of HTTP: 500 5.5.1, and the connection ends. Browsers can be made to send one with
    /// SMTP commands behind it.
    Foreign,
    /// An address beyond ASCII without SMTPUTF8 (RFC 6531 section 3.5): 553 5.6.7.
    NeedsUtf8,
    /// No capability claims the parameter: 555 5.5.4.
    Parameter,
}

impl SyntaxError {
    /// An error of this kind.
    pub fn new(kind: SyntaxErrorKind, text: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, text: text.into() }
    }

    pub(crate) fn needs_utf8() -> Self {
        Self::new(SyntaxErrorKind::NeedsUtf8, "an address beyond ASCII needs the parameter SMTPUTF8")
    }

    /// What the command broke.
    pub fn kind(&self) -> SyntaxErrorKind {
        self.kind
    }

    /// The reply that the RFCs ask for.
    pub fn reply(&self) -> Reply {
        use SyntaxErrorKind as Kind;
        let (code, status) = match self.kind {
            Kind::Command | Kind::TooLong => (500, (5, 2)),
            Kind::Arguments | Kind::Chunk => (501, (5, 4)),
            Kind::Recipient => (501, (1, 3)),
            Kind::Sender => (501, (1, 7)),
            Kind::Encoding => (501, (5, 2)),
            Kind::Foreign => (500, (5, 1)),
            Kind::Order => (503, (5, 1)),
            Kind::NoRecipients | Kind::BeforeGreeting => (554, (5, 1)),
            Kind::NeedsUtf8 => (553, (6, 7)),
            Kind::Parameter => (555, (5, 4)),
        };
        Reply::new(code, self.text.clone()).with_status(crate::EnhancedStatus::new(status.0, status.1))
    }
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for SyntaxError {}
