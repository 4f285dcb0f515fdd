//! PLAIN (RFC 4616), which is rsasl's.

use rsasl::registry::Mechanism;

use super::{Definition, Needs};

static SASL: [Mechanism; 1] = [rsasl::mechanisms::plain::PLAIN];

pub(super) static PLAIN: Definition = Definition {
    name: "PLAIN",
    plaintext: true,
    channel_binding: false,
    server_first: false,
    takes_initial_response: true,
    needs: Needs::Password,
    sasl: &SASL,
};
