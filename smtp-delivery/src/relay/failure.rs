//! What keeps a message from the next hop, as the client is told. The facts go to the log.

use smtp_core::{BodyError, BoxError, EnhancedStatus, Reply, ReplyCode};

use super::offers::Offers;

/// The most text of a next hop's answer that clients, notifications and logs get to see, in octets and in
/// lines. It is kept for each recipient, and a next hop may have much to say.
const MAX_TEXT: usize = 2048;
const MAX_LINES: usize = 20;

/// Why a message was not passed on whole.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The next hop refused it or failed: the outcome of all recipients that were not refused
    /// one by one.
    NextHop(Reply),
    /// The message itself was not received.
    Body(BodyError),
}

impl From<Reply> for Failure {
    fn from(reply: Reply) -> Self {
        Self::NextHop(reply)
    }
}

/// The next hop cannot be reached.
pub(crate) fn unreachable() -> Reply {
    Reply::new(451, "4.4.1 next hop does not answer")
}

/// The next hop is silent for too long.
pub(crate) fn timeout() -> Reply {
    Reply::new(451, "4.4.2 next hop did not answer in time")
}

/// The connection broke.
pub(crate) fn broken() -> Reply {
    Reply::new(451, "4.4.2 connection to the next hop broke")
}

/// The next hop breaks the protocol.
pub(crate) fn protocol() -> Reply {
    Reply::new(451, "4.5.0 unexpected reply from the next hop")
}

/// The next hop refused the session, whatever the message: that is no fault of the sender, so
/// that even a 5xx is a temporary failure.
pub(crate) fn no_service() -> Reply {
    Reply::new(451, "4.3.0 next hop takes no messages now")
}

/// TLS is required, and the next hop does not offer it. It may again (RFC 7672 section 2.2): to lose
/// the offer on its way is what an attacker is after.
pub(crate) fn tls_not_offered() -> Reply {
    Reply::new(451, "4.7.4 next hop offers no TLS, without which nothing is sent")
}

/// TLS did not come about, or whether it is required cannot be told.
pub(crate) fn tls_failed() -> Reply {
    Reply::new(451, "4.7.5 no secure connection to the next hop")
}

/// The same, unless who decides on TLS has an outcome for it.
pub(crate) fn tls(error: BoxError) -> Reply {
    match error.downcast::<Reply>() {
        Ok(reply) if reply.is_transient() || reply.is_permanent() => *reply,
        _ => tls_failed(),
    }
}

/// The message may go to a server with a verified certificate alone (RFC 8689 section 4.2.1).
pub(crate) fn not_verified() -> Reply {
    Reply::new(550, "5.7.10 next hop is not secure enough for this message")
}

/// The next hop does not let us in. That is no fault of the sender either.
pub(crate) fn not_authenticated() -> Reply {
    Reply::new(451, "4.7.8 cannot log in at the next hop")
}

/// The content is 8-bit, and the next hop does not say that it takes such (RFC 6152 section 3).
pub(crate) fn eight_bit() -> Reply {
    Reply::new(554, "5.6.3 next hop takes no 8-bit content")
}

/// The content has a line that is longer than a next hop need take.
pub(crate) fn long_line() -> Reply {
    Reply::new(554, "5.6.0 a line of the message is too long for the next hop")
}

/// What it means that the next hop lacks what the message needs. Where it took HELO alone, EHLO may have
/// failed for once: a message that waits loses nothing by that, one that comes back does.
pub(crate) fn lacking(offers: &Offers, refusal: Reply) -> Reply {
    match refusal.status() {
        Some(status) if refusal.is_permanent() && !offers.are_known() => again(451, status, &refusal),
        _ => refusal,
    }
}

/// A refusal of the next hop as an outcome.
///
/// 421 would end the session of our client, which is not what the next hop meant. Where the next
/// hop gives no enhanced status code, the undefined one is added: clients were promised one (RFC
/// 2034 section 4).
pub(crate) fn refusal(reply: Reply) -> Reply {
    let reply = match reply.code() {
        ReplyCode::CLOSING => {
            let status = reply.status().unwrap_or(EnhancedStatus::new(3, 2));
            again(451, status, &reply)
        }
        _ if reply.is_transient() || reply.is_permanent() => reply,
        _ => return protocol(),
    };
    with_status(reply)
}

/// A refusal of one recipient. Behind 552 there may be nothing worse than too many recipients,
/// which the next message has room for (RFC 5321 section 4.5.3.1.10).
pub(crate) fn recipient_refusal(reply: Reply) -> Reply {
    let vague = reply.status().is_none_or(|status| (status.subject(), status.detail()) == (5, 3));
    if reply.code() == 552 && vague {
        return again(452, EnhancedStatus::new(5, 3), &reply);
    }
    refusal(reply)
}

/// The same text of the same server as a temporary failure.
fn again(code: u16, status: EnhancedStatus, reply: &Reply) -> Reply {
    let again = Reply::new(code, "").with_text(reply.text().to_owned()).with_status(status);
    match reply.remote() {
        Some(remote) => again.from_remote(remote.clone()),
        None => again,
    }
}

/// The reply with no more text than anybody reads.
pub(crate) fn shortened(reply: Reply) -> Reply {
    let text = reply.text();
    let lines = text.match_indices('\n').nth(MAX_LINES - 1).map_or(text.len(), |(end, _)| end);
    let end = text.floor_char_boundary(lines.min(MAX_TEXT));
    if end == text.len() {
        return reply;
    }
    let short = text[..end].to_owned();
    reply.with_text(short)
}

/// The reply with an enhanced status code.
pub(crate) fn with_status(reply: Reply) -> Reply {
    let reply = shortened(reply);
    match reply.status() {
        Some(_) => reply,
        None => reply.with_status(EnhancedStatus::new(0, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_recipients_are_no_permanent_failure() {
        for (text, expected) in [
            ("too many recipients", "452 4.5.3 too many recipients"),
            ("5.5.3 too many recipients", "452 4.5.3 too many recipients"),
            ("5.2.2 mailbox full", "552 5.2.2 mailbox full"),
        ] {
            assert_eq!(recipient_refusal(Reply::new(552, text)).to_string(), expected);
        }
    }

    #[test]
    fn what_a_next_hop_says_is_bounded() {
        let many = "x\n".repeat(1000);
        let long = "\u{e4}".repeat(5000);
        for (text, octets, lines) in [("short\nx", 7, 2), (&*many, 39, 20), (&*long, 2048, 1), ("", 0, 1)] {
            for code in [250, 550] {
                let reply = with_status(Reply::new(code, text.to_owned()));
                assert_eq!((reply.text().len(), reply.lines().count()), (octets, lines));
            }
        }
    }

    #[test]
    fn refusals_are_passed_on_but_do_not_end_our_own_session() {
        for (code, text, expected) in [
            (550, "5.1.1 no such user\nnone", "550 5.1.1 no such user none"),
            (550, "no", "550 5.0.0 no"),
            (450, "later", "450 4.0.0 later"),
            (421, "4.7.0 go away", "451 4.7.0 go away"),
            (421, "closing", "451 4.3.2 closing"),
            (250, "2.1.0 OK", "451 4.5.0 unexpected reply from the next hop"),
            (354, "go on", "451 4.5.0 unexpected reply from the next hop"),
        ] {
            assert_eq!(refusal(Reply::new(code, text)).to_string(), expected);
        }
    }
}
