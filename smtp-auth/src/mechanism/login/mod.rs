//! LOGIN, which no RFC describes: the server asks for the name, then for the password. Many clients
//! send the name as the initial response.

mod server;

use rsasl::mechname::Mechname;
use rsasl::registry::{Mechanism, Side};

use super::{Definition, Needs};

static SASL: [Mechanism; 1] = [Mechanism::build(
    Mechname::const_new_unchecked(b"LOGIN"),
    0,
    None,
    Some(|_| Ok(Box::<server::Login>::default())),
    Side::Server,
    |_| None,
    |_| true,
)];

pub(super) static LOGIN: Definition = Definition {
    name: "LOGIN",
    plaintext: true,
    channel_binding: false,
    server_first: true,
    takes_initial_response: true,
    needs: Needs::Password,
    sasl: &SASL,
};
