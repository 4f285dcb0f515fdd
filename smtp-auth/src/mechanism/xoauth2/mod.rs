//! XOAUTH2, which Google described before there was an RFC: the name, and a bearer token.

#[cfg(test)]
mod tests;

use rsasl::mechname::Mechname;
use rsasl::registry::{Mechanism, Side};

use super::bearer::{self, Bearer, Message};
use super::{Definition, Needs, Violation};

static SASL: [Mechanism; 1] = [Mechanism::build(
    Mechname::const_new_unchecked(b"XOAUTH2"),
    0,
    None,
    Some(|_| Ok(Box::new(Bearer { read }))),
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

fn read(message: &str) -> Result<Message<'_>, Violation> {
    // A name may have characters that no other value has.
    let (user, rest) = message.split_once('\x01').ok_or(Violation::Grammar)?;
    let user = user.strip_prefix("user=").filter(|user| !user.is_empty()).ok_or(Violation::Grammar)?;
    let token = bearer::token(bearer::value_of(&bearer::pairs(rest)?, "auth")?)?;
    Ok((user.into(), token))
}
