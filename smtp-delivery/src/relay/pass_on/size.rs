use smtp_core::{Envelope, Reply};

use super::Passed;
use crate::relay::connection::Connection;

/// SIZE (RFC 1870). What the next hop will not take anyway, the client need not send.
pub(super) fn size(connection: &Connection, envelope: &Envelope) -> Passed {
    let Some(limit) = connection.offers.arguments("SIZE") else { return Ok(None) };
    let Some(size) = envelope.sender.parameters.get("SIZE") else { return Ok(None) };
    let number = |text: &str| text.parse::<u64>().ok();
    let Some(declared) = size.value().and_then(number) else { return Ok(None) };
    // Without a number, or with 0, there is no limit that would be known (section 5).
    match number(limit) {
        Some(limit) if limit > 0 && declared > limit => {
            Err(Reply::new(552, "5.3.4 message too large for the next hop"))
        }
        _ => Ok(Some(size.clone())),
    }
}
