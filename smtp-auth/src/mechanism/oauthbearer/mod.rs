//! OAUTHBEARER (RFC 7628): a bearer token, and for whom.

#[cfg(test)]
mod tests;

use rsasl::mechname::Mechname;
use rsasl::registry::{Mechanism, Side};

use super::bearer::{self, Bearer, Message};
use super::gs2::{Binding, Gs2Header};
use super::{Definition, Needs, Violation};

static SASL: [Mechanism; 1] = [Mechanism::build(
    Mechname::const_new_unchecked(b"OAUTHBEARER"),
    0,
    None,
    Some(|_| Ok(Box::new(Bearer { read }))),
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

fn read(message: &str) -> Result<Message<'_>, Violation> {
    let (header, rest) = Gs2Header::split(message)?;
    if matches!(header.binding, Binding::Used(_)) {
        return Err(Violation::ChannelBinding);
    }
    // `host` and `port` may be there; they tell the server nothing that it does not know.
    let pairs = bearer::pairs(rest.strip_prefix('\x01').ok_or(Violation::Grammar)?)?;
    let token = bearer::token(bearer::value_of(&pairs, "auth")?)?;
    Ok((header.acts_for.into(), token))
}
