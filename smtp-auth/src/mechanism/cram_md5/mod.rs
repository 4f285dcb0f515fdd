//! CRAM-MD5 (RFC 2195): the client proves that it knows the password by a keyed digest of a
//! challenge.
//!
//! The server must know the password as it is, nothing proves the server, and whoever reads along
//! can guess the password offline. It is here for old devices.

mod server;
#[cfg(test)]
mod tests;

use rsasl::mechname::Mechname;
use rsasl::registry::{Mechanism, Side};

use super::{Definition, Needs};

static SASL: [Mechanism; 1] = [Mechanism::build(
    Mechname::const_new_unchecked(b"CRAM-MD5"),
    0,
    None,
    Some(|_| Ok(Box::<server::CramMd5>::default())),
    Side::Server,
    |_| None,
    |_| true,
)];

pub(super) static CRAM_MD5: Definition = Definition {
    name: "CRAM-MD5",
    plaintext: false,
    channel_binding: false,
    server_first: true,
    takes_initial_response: false,
    needs: Needs::SharedSecret,
    sasl: &SASL,
};
