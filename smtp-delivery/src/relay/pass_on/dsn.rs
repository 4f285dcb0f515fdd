//! DSN (RFC 3461 section 5.2.1). Where the next hop does not know it, what was asked for is left out
//! (section 5.2.2); to notify in its stead is the business of whoever keeps the message.

use smtp_core::{Envelope, Recipient};

use super::{Passed, where_offered};
use crate::relay::connection::Connection;

pub(super) fn ret(connection: &Connection, envelope: &Envelope) -> Passed {
    where_offered(connection, "DSN", envelope.sender.parameters.get("RET"))
}

pub(super) fn envid(connection: &Connection, envelope: &Envelope) -> Passed {
    where_offered(connection, "DSN", envelope.sender.parameters.get("ENVID"))
}

pub(super) fn notify(connection: &Connection, recipient: &Recipient) -> Passed {
    where_offered(connection, "DSN", recipient.parameters.get("NOTIFY"))
}

pub(super) fn orcpt(connection: &Connection, recipient: &Recipient) -> Passed {
    where_offered(connection, "DSN", recipient.parameters.get("ORCPT"))
}
