use smtp_core::extension::BodyType;
use smtp_core::{Envelope, Reply};

use super::{Passed, declared};
use crate::relay::connection::Connection;

/// Whether the content is binary (RFC 3030): its CR and LF mean nothing, and only BDAT carries it.
pub(in crate::relay) fn is_binary(envelope: &Envelope) -> bool {
    envelope.sender.body_type() == BodyType::BinaryMime
}

/// BODY (RFC 6152, RFC 3030). Whether 8-bit content may go to a next hop without 8BITMIME is decided by
/// the content, not by what was declared: clients declare it for all that they send. Binary content goes
/// no further; nothing here converts it.
pub(super) fn body(connection: &Connection, envelope: &Envelope) -> Passed {
    let offers = &connection.offers;
    let parameters = &envelope.sender.parameters;
    let known = match parameters.typed() {
        Ok(None) => return Ok(None),
        Ok(Some(BodyType::SevenBit | BodyType::EightBitMime)) if !offers.has("8BITMIME") => return Ok(None),
        Ok(Some(BodyType::SevenBit | BodyType::EightBitMime)) => true,
        Ok(Some(BodyType::BinaryMime)) => offers.has("BINARYMIME") && offers.has("CHUNKING"),
        Err(_) => false,
    };
    if known {
        return Ok(declared::<BodyType>(parameters).cloned());
    }
    Err(Reply::new(554, "5.6.3 next hop does not take this kind of content"))
}
