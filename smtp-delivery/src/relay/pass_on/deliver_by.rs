use smtp_core::{Envelope, Reply};

use super::{Passed, where_offered};
use crate::relay::connection::Connection;

/// DELIVERBY (RFC 2852). A message that is to come back when it is late must not go where nobody
/// looks at the time; one whose sender only wants to know may (section 4.2).
pub(super) fn deliver_by(connection: &Connection, envelope: &Envelope) -> Passed {
    let declared = envelope.sender.parameters.get("BY");
    let mode = declared.and_then(|by| by.value()?.split_once(';'));
    let returns = mode.is_some_and(|(_, mode)| mode.starts_with(['R', 'r']));
    if returns && !connection.offers.has("DELIVERBY") {
        return Err(Reply::new(554, "5.3.3 next hop does not support DELIVERBY"));
    }
    where_offered(connection, "DELIVERBY", declared)
}
