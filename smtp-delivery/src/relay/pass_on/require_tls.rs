use smtp_core::client::TlsDemand;
use smtp_core::extension::{RequireTlsOption, TypedParameter as _};
use smtp_core::{Envelope, Parameter, Reply, Verify};

use super::Passed;
use crate::relay::connection::Connection;

/// What the message demands of the connection that it goes over. A notification of what became of such a
/// message must not be lost for that (RFC 8689 section 5).
pub(in crate::relay) fn demand(envelope: &Envelope) -> TlsDemand {
    match envelope.sender.parameters.get(RequireTlsOption::KEYWORD) {
        Some(_) if !envelope.sender.path.is_null() => TlsDemand::Verified,
        _ => TlsDemand::None,
    }
}

/// REQUIRETLS (RFC 8689 section 4.2.1): who does not promise to keep it up gets nothing but notifications.
pub(super) fn require_tls(connection: &Connection, envelope: &Envelope) -> Passed {
    if envelope.sender.parameters.get(RequireTlsOption::KEYWORD).is_none() {
        return Ok(None);
    }
    let offered = connection.offers.has(RequireTlsOption::KEYWORD);
    // To ask for it says that the way so far is as it has to be.
    let verified = connection.tls.as_ref().is_some_and(|tls| tls.verify == Verify::Ok);
    match demand(envelope) {
        _ if offered && verified => Ok(Parameter::parse(RequireTlsOption::KEYWORD)),
        TlsDemand::None => Ok(None),
        _ => Err(Reply::new(550, "5.7.30 next hop does not support REQUIRETLS")),
    }
}
