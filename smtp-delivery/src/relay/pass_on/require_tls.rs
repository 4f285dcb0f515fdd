use smtp_core::client::TlsDemand;
use smtp_core::extension::{RequireTlsOption, TypedParameter as _};
use smtp_core::{Envelope, Parameter, Reply};

use super::Passed;
use crate::relay::connection::Connection;

/// What the message demands of the connection that it goes over.
pub(in crate::relay) fn demand(envelope: &Envelope) -> TlsDemand {
    match envelope.sender.parameters.get(RequireTlsOption::KEYWORD) {
        Some(_) => TlsDemand::Verified,
        None => TlsDemand::None,
    }
}

/// REQUIRETLS (RFC 8689 section 4.2.1): who does not promise to keep it up gets nothing.
pub(super) fn require_tls(connection: &Connection, envelope: &Envelope) -> Passed {
    if demand(envelope) == TlsDemand::None {
        return Ok(None);
    }
    if connection.offers.has(RequireTlsOption::KEYWORD) {
        return Ok(Parameter::parse(RequireTlsOption::KEYWORD));
    }
    Err(Reply::new(550, "5.7.30 next hop does not support REQUIRETLS"))
}
