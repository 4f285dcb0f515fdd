//! DIGEST-MD5 (RFC 2831) for authentication alone: no integrity, no confidentiality, no second
//! authentication with the nonce of the first.
//!
//! RFC 6331 moved it to historic, SCRAM took its place. It is here for old clients.

mod arithmetic;
mod directives;
mod response;
mod server;
#[cfg(test)]
mod tests;

use rsasl::mechname::Mechname;
use rsasl::registry::{Mechanism, Side};

use super::{Definition, Needs};

static SASL: [Mechanism; 1] = [Mechanism::build(
    Mechname::const_new_unchecked(b"DIGEST-MD5"),
    0,
    None,
    Some(|_| Ok(Box::<server::DigestMd5>::default())),
    Side::Server,
    |_| None,
    |_| true,
)];

pub(super) static DIGEST_MD5: Definition = Definition {
    name: "DIGEST-MD5",
    plaintext: false,
    channel_binding: false,
    server_first: true,
    takes_initial_response: false,
    needs: Needs::SharedSecret,
    sasl: &SASL,
};
