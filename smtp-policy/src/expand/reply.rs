//! The replies to VRFY and EXPN (RFC 5321 section 3.5, RFC 2034 section 4).

use smtp_core::{AddressLiteral, BoxError, Query, Reply, Session};

use super::{Entry, Verification};
use crate::client_name::ClientName;

pub(super) fn verified(verification: Verification, query: &Query) -> Reply {
    match verification {
        Verification::Found(entry) => entries(250, "2.1.5 ", &[entry], query),
        Verification::Ambiguous(candidates) => entries(553, "5.1.4 user ambiguous\n", &candidates, query),
        Verification::Unknown => Reply::new(550, "5.1.1 user unknown"),
        Verification::Unverifiable => unverifiable(),
    }
}

pub(super) fn unverifiable() -> Reply {
    Reply::new(252, "2.0.0 cannot VRFY user, but will accept message and attempt delivery")
}

pub(super) fn expanded(members: Option<Vec<Entry>>, query: &Query) -> Reply {
    match members {
        None => Reply::new(550, "5.1.1 list unknown"),
        Some(members) if members.is_empty() => Reply::new(250, "2.1.5 the list is empty"),
        Some(members) => entries(250, "2.1.5 ", &members, query),
    }
}

/// A line for each. An address that the client could not use is not shown (RFC 6531 section 3.7.4.2).
fn entries(code: u16, heading: &str, entries: &[Entry], query: &Query) -> Reply {
    if !query.takes_utf8() && entries.iter().any(|entry| !entry.mailbox().is_ascii()) {
        return Reply::new(550, "5.6.8 the answer is in UTF-8, ask with the parameter SMTPUTF8");
    }
    let lines: Vec<String> = entries.iter().map(ToString::to_string).collect();
    Reply::new(code, format!("{heading}{}", lines.join("\n")))
}

/// For those who may not ask.
pub(super) fn not_allowed(verb: &str, session: &Session) -> Reply {
    let address = session.peer_ip().map(|ip| AddressLiteral::from(ip).to_string());
    let address = address.unwrap_or_else(|| session.info().peer.to_string());
    // What the DNS confirms is worth more than what the client says; and a client that greets with its
    // address has no other name.
    let confirmed = session.connection().get::<ClientName>().map(|ClientName(name)| name.to_string());
    let name = confirmed.or_else(|| Some(session.hello()?.to_string())).filter(|name| *name != address);
    let client = name.map_or_else(|| address.clone(), |name| format!("{name} {address}"));
    Reply::new(550, format!("5.7.1 {client}: {verb} not allowed"))
}

/// For those who have asked enough.
pub(super) fn too_many() -> Reply {
    Reply::new(450, "4.7.1 too many lookups in this session")
}

/// For lookups that failed.
pub(super) fn failed(verb: &str, error: BoxError, session: &Session) -> Reply {
    match error.downcast::<Reply>() {
        Ok(reply) => *reply,
        Err(error) => {
            tracing::warn!(verb, error = &*error, peer = %session.info().peer, "directory lookup failed");
            Reply::new(451, "4.3.0 directory not available, try again later")
        }
    }
}
