//! DSN (RFC 3461 section 5.2.1). Where the next hop does not know it, what was asked for is left out
//! (section 5.2.2); to notify in its stead is the business of whoever keeps the message.

use smtp_core::extension::{EnvelopeId, Notify, OriginalRecipient, Ret};
use smtp_core::{Envelope, Parameters, Recipient};

use super::{Passed, where_offered};
use crate::relay::connection::Connection;

const DSN: &str = "DSN";

pub(super) fn ret(connection: &Connection, envelope: &Envelope) -> Passed {
    where_offered::<Ret>(connection, DSN, &envelope.sender.parameters)
}

pub(super) fn envid(connection: &Connection, envelope: &Envelope) -> Passed {
    where_offered::<EnvelopeId>(connection, DSN, &envelope.sender.parameters)
}

pub(super) fn notify(connection: &Connection, recipient: &Recipient) -> Passed {
    where_offered::<Notify>(connection, DSN, &recipient.parameters)
}

pub(super) fn orcpt(connection: &Connection, recipient: &Recipient) -> Passed {
    let Ok(Some(original)) = recipient.parameters.typed::<OriginalRecipient>() else { return Ok(None) };
    let mut parameters = Parameters::default();
    // In ASCII, which every next hop takes (RFC 6533 section 3).
    parameters.set(&original);
    where_offered::<OriginalRecipient>(connection, DSN, &parameters)
}
