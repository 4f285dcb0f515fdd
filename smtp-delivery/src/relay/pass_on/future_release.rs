use smtp_core::extension::{HoldFor, HoldUntil};
use smtp_core::{Envelope, Reply};

use super::{Passed, declared};
use crate::relay::connection::Connection;

/// FUTURERELEASE (RFC 4865). Whoever holds a message until its time takes the parameter away. If it
/// still is there, the next hop has to hold the message, or gets none.
pub(super) fn hold(connection: &Connection, envelope: &Envelope) -> Passed {
    let parameters = &envelope.sender.parameters;
    let hold = declared::<HoldFor>(parameters).or_else(|| declared::<HoldUntil>(parameters));
    if hold.is_some() && !connection.offers.has("FUTURERELEASE") {
        return Err(Reply::new(554, "5.3.3 next hop does not support FUTURERELEASE"));
    }
    Ok(hold.cloned())
}
