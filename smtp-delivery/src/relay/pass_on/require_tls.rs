use smtp_core::client::TlsDemand;
use smtp_core::{Envelope, Reply};

use super::Passed;
use crate::relay::connection::Connection;

/// What the message demands of the connection that it goes over.
pub(in crate::relay) fn demand(envelope: &Envelope) -> TlsDemand {
    match envelope.sender.parameters.get("REQUIRETLS") {
        Some(_) => TlsDemand::Verified,
        None => TlsDemand::None,
    }
}

/// REQUIRETLS (RFC 8689 section 4.2.1): who does not promise to keep it up gets nothing.
pub(super) fn require_tls(connection: &Connection, envelope: &Envelope) -> Passed {
    let Some(declared) = envelope.sender.parameters.get("REQUIRETLS") else { return Ok(None) };
    if connection.offers.has("REQUIRETLS") {
        return Ok(Some(declared.clone()));
    }
    Err(Reply::new(550, "5.7.30 next hop does not support REQUIRETLS"))
}
