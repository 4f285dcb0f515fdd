//! XOAUTH2, which Google described before there was an RFC: the name, and a bearer token.

mod server;
#[cfg(test)]
mod tests;

use rsasl::mechname::Mechname;
use rsasl::registry::{Mechanism, Side};

use super::{Definition, Needs};

static SASL: [Mechanism; 1] = [Mechanism::build(
    Mechname::const_new_unchecked(b"XOAUTH2"),
    0,
    None,
    Some(|_| Ok(Box::new(server::Xoauth2))),
    Side::Client,
    |_| None,
    |_| true,
)];

pub(super) static XOAUTH2: Definition = Definition {
    name: "XOAUTH2",
    plaintext: true,
    channel_binding: false,
    server_first: false,
    takes_initial_response: true,
    // The status is that of HTTP here.
    needs: Needs::Token { status: "401" },
    sasl: &SASL,
};
