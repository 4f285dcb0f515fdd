//! ANONYMOUS (RFC 4505): nobody in particular, who may leave a word of who it is.

mod server;
#[cfg(test)]
mod tests;

use rsasl::mechname::Mechname;
use rsasl::registry::{Mechanism, Side};

use super::{Definition, Needs};

static SASL: [Mechanism; 1] = [Mechanism::build(
    Mechname::const_new_unchecked(b"ANONYMOUS"),
    0,
    None,
    Some(|_| Ok(Box::new(server::Anonymous))),
    Side::Client,
    |_| None,
    |_| true,
)];

pub(super) static ANONYMOUS: Definition = Definition {
    name: "ANONYMOUS",
    plaintext: false,
    channel_binding: false,
    server_first: false,
    takes_initial_response: true,
    needs: Needs::Nothing,
    sasl: &SASL,
};
