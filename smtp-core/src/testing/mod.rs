//! Tools for testing stacks and layers: requests from command lines, and a delivery that records
//! what it is given.
//!
//! ```
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{Command, Identity};
//!
//! let mut facts = facts();
//! facts.set_identity(Identity::new("alice", "PLAIN"));
//! let request = request("RCPT TO:<joe@example.org>", facts.session());
//! assert!(matches!(request.command, Command::Rcpt(_)));
//! ```

mod delivery;

use std::net::SocketAddr;

pub use delivery::{Recorded, RecordingDelivery};

use crate::command::{Parsed, parse};
use crate::{
    Auth, Body, Command, ConnectionInfo, Dialogue, Domain, ForwardPath, Hello, Leniency, Mail, Peer,
    Recipient, Request, ReversePath, Session, SessionFacts, Unknown,
};

/// The facts of a fresh session: a client at 192.0.2.1 that said `EHLO client.example` to
/// `server.example`.
pub fn facts() -> SessionFacts {
    let peer = Peer::Ip(SocketAddr::from(([192, 0, 2, 1], 50_000)));
    let mut facts = SessionFacts::new(ConnectionInfo::new(peer, domain("server.example")));
    facts.set_hello(Hello::extended(domain("client.example")), crate::Capabilities::new());
    facts
}

/// A domain.
///
/// # Panics
/// If `text` is none.
pub fn domain(text: &str) -> Domain {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The sender of `MAIL FROM:<..>`; empty for the null path.
///
/// # Panics
/// If `address` is no mailbox.
pub fn sender(address: &str) -> Mail {
    let path = format!("<{address}>").parse::<ReversePath>();
    Mail::new(path.unwrap_or_else(|error| panic!("{address}: {error}")))
}

/// The recipient of `RCPT TO:<..>`.
///
/// # Panics
/// If `address` is no mailbox.
pub fn recipient(address: &str) -> Recipient {
    let path = format!("<{address}>").parse::<ForwardPath>();
    Recipient::new(path.unwrap_or_else(|error| panic!("{address}: {error}")))
}

/// The request that a command line makes. The empty line stands for the connection itself; the
/// body of DATA and the dialogue of AUTH have nobody at their other ends.
///
/// # Panics
/// If the line is malformed.
pub fn request(line: &str, session: &Session) -> Request {
    let parsed = if line.is_empty() {
        return Request::new(Command::Connect, session.clone());
    } else {
        parse(line.as_bytes(), &Leniency::default(), true).unwrap_or_else(|error| panic!("{line}: {error}"))
    };
    let command = match parsed {
        Parsed::Helo(hello) => Command::Helo(hello),
        Parsed::Ehlo(hello) => Command::Ehlo(hello),
        Parsed::Lhlo(hello) => Command::Lhlo(hello),
        Parsed::StartTls => Command::StartTls,
        Parsed::Auth { mechanism, initial_response } => {
            Command::Auth(Auth::new(mechanism, initial_response, Dialogue::channel().1))
        }
        Parsed::Mail(mail) => Command::Mail(mail),
        Parsed::Rcpt(recipient) => Command::Rcpt(recipient),
        Parsed::Data | Parsed::Bdat { .. } => Command::Data(Body::empty()),
        Parsed::Rset => Command::Rset,
        Parsed::Vrfy(query) => Command::Vrfy(query),
        Parsed::Expn(query) => Command::Expn(query),
        Parsed::Help(topic) => Command::Help(topic),
        Parsed::Noop => Command::Noop,
        Parsed::Quit => Command::Quit,
        Parsed::Other(unknown) => Command::Other(Unknown::clone(&unknown)),
    };
    Request::new(command, session.clone())
}
