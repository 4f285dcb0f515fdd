//! OAUTHBEARER (RFC 7628): a bearer token, and for whom.

mod server;
#[cfg(test)]
mod tests;

use rsasl::mechname::Mechname;
use rsasl::registry::{Mechanism, Side};

use super::{Definition, Needs};

static SASL: [Mechanism; 1] = [Mechanism::build(
    Mechname::const_new_unchecked(b"OAUTHBEARER"),
    0,
    None,
    Some(|_| Ok(Box::new(server::OauthBearer))),
    Side::Client,
    |_| None,
    |_| true,
)];

pub(super) static OAUTHBEARER: Definition = Definition {
    name: "OAUTHBEARER",
    plaintext: true,
    channel_binding: false,
    server_first: false,
    takes_initial_response: true,
    // RFC 7628 section 3.2.2.
    needs: Needs::Token { status: "invalid_token" },
    sasl: &SASL,
};
