use smtp_core::extension::DeclaredSize;
use smtp_core::{Envelope, Reply};

use super::{Passed, declared};
use crate::relay::connection::Connection;

/// SIZE (RFC 1870). What the next hop will not take anyway, the client need not send.
pub(super) fn size(connection: &Connection, envelope: &Envelope) -> Passed {
    let Some(limit) = connection.offers.arguments("SIZE") else { return Ok(None) };
    let parameters = &envelope.sender.parameters;
    let Ok(Some(DeclaredSize(size))) = parameters.typed() else { return Ok(None) };
    // Without a number, or with 0, no limit is known (section 4).
    match limit.parse::<u64>() {
        Ok(limit) if limit > 0 && size > limit => {
            Err(Reply::new(552, "5.3.4 message too large for the next hop"))
        }
        _ => Ok(declared::<DeclaredSize>(parameters).cloned()),
    }
}
