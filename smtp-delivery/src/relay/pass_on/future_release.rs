use smtp_core::{Envelope, Reply};

use super::Passed;
use crate::relay::connection::Connection;

/// FUTURERELEASE (RFC 4865). Whoever holds a message until its time takes the parameter away. If it
/// still is there, the next hop has to hold the message, or gets none.
pub(super) fn hold(connection: &Connection, envelope: &Envelope) -> Passed {
    let parameters = &envelope.sender.parameters;
    let declared = parameters.get("HOLDFOR").or_else(|| parameters.get("HOLDUNTIL"));
    if declared.is_some() && !connection.offers.has("FUTURERELEASE") {
        return Err(Reply::new(554, "5.3.3 next hop does not support FUTURERELEASE"));
    }
    Ok(declared.cloned())
}
