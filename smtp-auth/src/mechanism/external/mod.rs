//! EXTERNAL (RFC 4422 appendix A): the client proved itself to TLS by its certificate.

mod server;

use rsasl::mechname::Mechname;
use rsasl::registry::{Mechanism, Side};

use super::{Definition, Needs};

static SASL: [Mechanism; 1] = [Mechanism::build(
    Mechname::const_new_unchecked(b"EXTERNAL"),
    0,
    None,
    Some(|_| Ok(Box::new(server::External))),
    Side::Client,
    |_| None,
    |_| true,
)];

pub(super) static EXTERNAL: Definition = Definition {
    name: "EXTERNAL",
    plaintext: false,
    channel_binding: false,
    server_first: false,
    takes_initial_response: true,
    needs: Needs::Certificate,
    sasl: &SASL,
};
