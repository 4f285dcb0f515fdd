use smtp_core::{Envelope, Reply};

use super::Passed;
use crate::relay::connection::Connection;

fn declared(envelope: &Envelope) -> &str {
    envelope.sender.parameters.get("BODY").and_then(|body| body.value()).unwrap_or_default()
}

/// Whether the content is binary (RFC 3030): its CR and LF mean nothing, and only BDAT carries it.
pub(in crate::relay) fn is_binary(envelope: &Envelope) -> bool {
    declared(envelope).eq_ignore_ascii_case("BINARYMIME")
}

/// BODY (RFC 6152, RFC 3030). Content that the next hop does not know goes no further: nothing
/// here converts it (RFC 6152 section 3).
pub(super) fn body(connection: &Connection, envelope: &Envelope) -> Passed {
    let offers = &connection.offers;
    let eight_bit = offers.has("8BITMIME");
    let (known, may_be_left_out) = match declared(envelope) {
        "" => return Ok(None),
        kind if kind.eq_ignore_ascii_case("7BIT") => (eight_bit, true),
        kind if kind.eq_ignore_ascii_case("8BITMIME") => (eight_bit, false),
        kind if kind.eq_ignore_ascii_case("BINARYMIME") => {
            (offers.has("BINARYMIME") && offers.has("CHUNKING"), false)
        }
        _ => (false, false),
    };
    if known {
        return Ok(envelope.sender.parameters.get("BODY").cloned());
    }
    if may_be_left_out {
        return Ok(None);
    }
    Err(Reply::new(554, "5.6.3 next hop does not take this kind of content"))
}
