//! DSN (RFC 3461 section 5.2.1). Where the next hop does not know it, what was asked for is left out
//! (section 5.2.2); to notify in its stead is the business of whoever keeps the message.

use smtp_core::extension::{
    ByMode, DeliverByTime, EnvelopeId, Notify, OriginalRecipient, Ret, TypedParameter as _,
};
use smtp_core::{Envelope, Mail, Parameters, Recipient};

use super::{Passed, where_offered};
use crate::relay::connection::Connection;

const DSN: &str = "DSN";

pub(super) fn ret(connection: &Connection, envelope: &Envelope) -> Passed {
    where_offered::<Ret>(connection, DSN, &envelope.sender.parameters)
}

pub(super) fn envid(connection: &Connection, envelope: &Envelope) -> Passed {
    where_offered::<EnvelopeId>(connection, DSN, &envelope.sender.parameters)
}

/// Where nobody keeps the time of `BY=..;N`, whoever notifies there at least tells of delays (RFC 2852 section
/// 4.1.4.2).
pub(super) fn notify(connection: &Connection, sender: &Mail, recipient: &Recipient) -> Passed {
    let passed = where_offered::<Notify>(connection, DSN, &recipient.parameters)?;
    let by = sender.parameters.typed::<DeliverByTime>().ok().flatten();
    let in_time = by.is_some_and(|by| by.mode() == ByMode::Notify) && !connection.is_lmtp();
    if !in_time || !connection.offers.has(DSN) || connection.offers.has("DELIVERBY") {
        return Ok(passed);
    }
    let wanted = passed.as_ref().and_then(|passed| Notify::from_value(passed.value()));
    let wanted = match wanted {
        Some(Notify::NEVER) => return Ok(passed),
        Some(notify) => Notify { delay: true, ..notify },
        None => Notify { success: false, failure: true, delay: true },
    };
    let mut parameters = Parameters::default();
    parameters.set(&wanted);
    Ok(parameters.get(Notify::KEYWORD).cloned())
}

pub(super) fn orcpt(connection: &Connection, _: &Mail, recipient: &Recipient) -> Passed {
    let Ok(Some(original)) = recipient.parameters.typed::<OriginalRecipient>() else { return Ok(None) };
    let mut parameters = Parameters::default();
    // In ASCII, which every next hop takes (RFC 6533 section 3).
    parameters.set(&original);
    where_offered::<OriginalRecipient>(connection, DSN, &parameters)
}
