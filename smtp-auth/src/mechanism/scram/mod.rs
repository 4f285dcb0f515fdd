//! The server side of SCRAM (RFC 5802), for any hash function.
//!
//! Another hash function is another [`Definition`], a -PLUS form will be one too.

mod client_final;
mod client_first;
mod error;
mod server;
#[cfg(test)]
mod tests;

use rsasl::mechname::Mechname;
use rsasl::registry::{Mechanism, Side};
use sha2::Sha256;

use self::server::Scram;
use super::{Definition, Needs};
use crate::scram::{Hash, ScramHash};

const fn sasl<D: Hash>(name: &'static str) -> Mechanism {
    let name = Mechname::const_new_unchecked(name.as_bytes());
    Mechanism::build(
        name,
        0,
        None,
        Some(|_| Ok(Box::<Scram<D>>::default())),
        Side::Client,
        |_| None,
        |_| true,
    )
}

static SASL_SHA_256: [Mechanism; 1] = [sasl::<Sha256>("SCRAM-SHA-256")];

pub(super) static SHA_256: Definition = Definition {
    name: "SCRAM-SHA-256",
    plaintext: false,
    server_first: false,
    takes_initial_response: true,
    needs: Needs::ScramKeys(ScramHash::Sha256),
    sasl: &SASL_SHA_256,
};
