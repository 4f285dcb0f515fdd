//! What a message travels with, apart from its content (RFC 5321 section 2.3.1).

use std::fmt;

use crate::extension::{BodyType, SmtpUtf8};
use crate::{ForwardPath, Parameters, ReversePath};

/// The argument of MAIL: where bounces go, and the parameters of the transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The reverse path.
    pub path: ReversePath,
    /// `SIZE=`, `BODY=` and whatever else the session offers.
    pub parameters: Parameters,
}

/// The argument of RCPT: one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The forward path.
    pub path: ForwardPath,
    /// The parameters of this recipient.
    pub parameters: Parameters,
    /// Where the message goes for this recipient. `None` until a layer says so, and
    /// a recipient without a route is refused.
    pub route: Option<Route>,
}

/// What becomes of a message for one recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Route {
    /// It stays here.
    Local,
    /// It is passed on to another host.
    Relay,
    /// It is accepted and thrown away.
    Discard,
}

impl Mail {
    /// A sender without parameters.
    pub fn new(path: ReversePath) -> Self {
        Self { path, parameters: Parameters::default() }
    }

    /// Whether the transaction needs SMTPUTF8 (RFC 6531) on the whole way.
    pub fn needs_utf8(&self) -> bool {
        self.parameters.get(SmtpUtf8::KEYWORD).is_some()
    }

    /// What the content may consist of, as the client declared it; lines of ASCII if it did not.
    pub fn body_type(&self) -> BodyType {
        self.parameters.typed().ok().flatten().unwrap_or(BodyType::SevenBit)
    }
}

impl Recipient {
    /// A recipient without parameters and route.
    pub fn new(path: ForwardPath) -> Self {
        Self { path, parameters: Parameters::default(), route: None }
    }

    /// The same with this route.
    #[must_use]
    pub fn routed(mut self, route: Route) -> Self {
        self.route = Some(route);
        self
    }
}

impl fmt::Display for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

/// A sender and its recipients in the order of their RCPT commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The sender.
    pub sender: Mail,
    /// The accepted recipients.
    pub recipients: Vec<Recipient>,
}

impl Envelope {
    /// An envelope without recipients.
    pub fn new(sender: Mail) -> Self {
        Self { sender, recipients: Vec::new() }
    }
}
