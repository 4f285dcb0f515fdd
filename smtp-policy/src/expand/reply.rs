//! The replies to VRFY and EXPN (RFC 5321 section 3.5, RFC 2034 section 4).

use std::fmt::Write as _;

use smtp_core::{AddressLiteral, BoxError, Reply, Session};

use super::{Entry, Verification};

pub(super) fn verified(verification: Verification) -> Reply {
    match verification {
        Verification::Found(entry) => entries("2.1.5", [entry]),
        Verification::Ambiguous(candidates) => ambiguous(&candidates),
        Verification::Unknown => Reply::new(550, "5.1.1 user unknown"),
        Verification::Unverifiable => {
            Reply::new(252, "2.0.0 cannot VRFY user, but will accept message and attempt delivery")
        }
    }
}

pub(super) fn expanded(members: Option<Vec<Entry>>) -> Reply {
    match members {
        None => Reply::new(550, "5.1.1 list unknown"),
        Some(members) if members.is_empty() => Reply::new(250, "2.1.5 the list is empty"),
        Some(members) => entries("2.1.5", members),
    }
}

fn entries(status: &str, entries: impl IntoIterator<Item = Entry>) -> Reply {
    let lines: Vec<String> = entries.into_iter().map(|entry| entry.to_string()).collect();
    Reply::new(250, format!("{status} {}", lines.join("\n")))
}

fn ambiguous(candidates: &[Entry]) -> Reply {
    let mut text = "5.1.4 user ambiguous".to_owned();
    for candidate in candidates {
        // Writing into a string cannot fail.
        let _ = write!(text, "\n{candidate}");
    }
    Reply::new(553, text)
}

/// For those who may not ask.
pub(super) fn not_allowed(verb: &str, session: &Session) -> Reply {
    let address = session.peer_ip().map(|ip| AddressLiteral::from(ip).to_string());
    let address = address.unwrap_or_else(|| session.info().peer.to_string());
    // A client that greets with its address has no other name.
    let name = session.hello().map(|hello| hello.to_string()).filter(|name| *name != address);
    let client = name.map_or_else(|| address.clone(), |name| format!("{name} {address}"));
    Reply::new(550, format!("5.7.1 {client}: {verb} not allowed"))
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
