use smtp_core::extension::{ByMode, DeliverByTime};
use smtp_core::{Envelope, Reply};

use super::{Passed, where_offered};
use crate::relay::connection::Connection;

/// DELIVERBY (RFC 2852). A message that is to come back when it is late must not go where nobody
/// looks at the time; one whose sender only wants to know may, and so may one that arrives.
pub(super) fn deliver_by(connection: &Connection, envelope: &Envelope) -> Passed {
    let parameters = &envelope.sender.parameters;
    let by = parameters.typed::<DeliverByTime>().ok().flatten();
    let must_return = by.is_some_and(|by| by.mode() == ByMode::Return) && !connection.is_lmtp();
    if must_return && !connection.offers.has("DELIVERBY") {
        return Err(Reply::new(554, "5.3.3 next hop does not support DELIVERBY"));
    }
    where_offered::<DeliverByTime>(connection, "DELIVERBY", parameters)
}
