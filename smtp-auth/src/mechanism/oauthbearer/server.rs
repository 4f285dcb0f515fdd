use std::io::Write;

use rsasl::mechanism::{Authentication, Demand, DemandReply, MechanismData, Provider};
use rsasl::prelude::{MessageSent, SessionError, State};
use rsasl::property::AuthzId;

use crate::mechanism::gs2::{Binding, Gs2Header};
use crate::mechanism::{Violation, bearer};
use crate::sasl::Token;

/// The only message: whether the token is good is seen elsewhere.
pub(super) struct OauthBearer;

struct Presented<'a> {
    acts_for: &'a str,
    token: &'a str,
}

impl<'a> Provider<'a> for Presented<'a> {
    fn provide(&self, demand: &mut Demand<'a>) -> DemandReply<()> {
        demand.provide_ref::<AuthzId>(self.acts_for)?.provide_ref::<Token>(self.token.as_bytes())?.done()
    }
}

impl Authentication for OauthBearer {
    fn step(
        &mut self,
        session: &mut MechanismData<'_, '_>,
        input: Option<&[u8]>,
        _: &mut dyn Write,
    ) -> Result<State, SessionError> {
        let input = input.ok_or(SessionError::InputDataRequired)?;
        let message = std::str::from_utf8(input).map_err(|_| Violation::Grammar)?;
        let (header, rest) = Gs2Header::split(message)?;
        if matches!(header.binding, Binding::Used(_)) {
            return Err(Violation::ChannelBinding.into());
        }
        // `host` and `port` may be there; they tell the server nothing that it does not know.
        let pairs = bearer::pairs(rest.strip_prefix('\x01').ok_or(Violation::Grammar)?)?;
        let token = bearer::token(bearer::value_of(&pairs, "auth")?)?;
        session.validate(&Presented { acts_for: &header.acts_for, token })?;
        Ok(State::Finished(MessageSent::No))
    }
}
