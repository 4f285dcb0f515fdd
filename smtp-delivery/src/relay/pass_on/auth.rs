use smtp_core::extension::xtext;
use smtp_core::{Envelope, Parameter};

use super::Passed;
use crate::relay::connection::Connection;

/// AUTH= (RFC 4954 section 5): who first submitted the message. A next hop that does not know us
/// has no reason to believe it, and hears that nobody knows.
pub(super) fn originator(connection: &Connection, envelope: &Envelope) -> Passed {
    let Some(declared) = envelope.sender.parameters.get("AUTH") else { return Ok(None) };
    if connection.offers.mechanisms().is_empty() {
        return Ok(None);
    }
    let well_formed = declared.value().is_some_and(|value| xtext::decode(value).is_some());
    if connection.authenticated && well_formed {
        return Ok(Some(declared.clone()));
    }
    Ok(Parameter::parse("AUTH=<>"))
}
