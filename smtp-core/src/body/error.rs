use std::fmt;

use crate::Reply;

/// Why a body ended before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyError {
    kind: BodyErrorKind,
}

/// The reasons of a [`BodyError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BodyErrorKind {
    /// More octets than the limit allows: 552 5.3.4.
    TooLarge,
    /// A line longer than the limit (RFC 5321 section 4.5.3.1.6): 554 5.6.0.
    LineTooLong,
    /// A CR without LF or an LF without CR (RFC 5321 section 2.3.8): 554 5.6.0.
    BareLineEnding,
    /// It has more `Received:` fields than are allowed (RFC 5321 section 6.3): 554 5.4.6.
    TooManyHops,
    /// The client was silent for too long: 421 4.4.2.
    Timeout,
    /// The connection broke; nobody is there to be answered.
    Disconnected,
    /// The client gave the message up in the middle of a sequence of BDAT.
    Aborted,
}

impl BodyError {
    /// Why.
    pub fn kind(&self) -> BodyErrorKind {
        self.kind
    }

    /// What the client is told.
    pub fn reply(&self) -> Reply {
        use BodyErrorKind as Kind;
        match self.kind {
            Kind::TooLarge => Reply::new(552, "5.3.4 message too large"),
            Kind::LineTooLong => Reply::new(554, "5.6.0 a line of the message is too long"),
            Kind::BareLineEnding => Reply::new(554, "5.6.0 lines must end with CR LF, and with nothing else"),
            Kind::TooManyHops => Reply::new(554, "5.4.6 too many hops, the message goes in circles"),
            Kind::Timeout => Reply::new(421, "4.4.2 timeout, closing connection"),
            Kind::Disconnected | Kind::Aborted => Reply::new(451, "4.4.2 message not received whole"),
        }
    }
}

impl From<BodyErrorKind> for BodyError {
    fn from(kind: BodyErrorKind) -> Self {
        Self { kind }
    }
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            BodyErrorKind::TooLarge => "the message is too large",
            BodyErrorKind::LineTooLong => "the message has a line that is too long",
            BodyErrorKind::BareLineEnding => "the message has a CR or LF of its own",
            BodyErrorKind::TooManyHops => "the message went through too many servers",
            BodyErrorKind::Timeout => "the client was silent for too long",
            BodyErrorKind::Disconnected => "the connection broke within the message",
            BodyErrorKind::Aborted => "the client gave the message up",
        })
    }
}

impl std::error::Error for BodyError {}
