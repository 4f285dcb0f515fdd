use smtp_core::Envelope;
use smtp_core::extension::Priority;

use super::{Passed, where_offered};
use crate::relay::connection::Connection;

/// MT-PRIORITY (RFC 6710): a wish that the next hop may not know.
pub(super) fn priority(connection: &Connection, envelope: &Envelope) -> Passed {
    where_offered::<Priority>(connection, "MT-PRIORITY", &envelope.sender.parameters)
}
