use std::io::Write;

use rsasl::mechanism::{Authentication, Demand, DemandReply, MechanismData, Provider};
use rsasl::prelude::{MessageSent, SessionError, State};
use rsasl::property::AuthzId;

use crate::mechanism::{Violation, bearer};
use crate::sasl::Token;

/// The only message: whether the token is good is seen elsewhere.
pub(super) struct Xoauth2;

struct Presented<'a> {
    user: &'a str,
    token: &'a str,
}

impl<'a> Provider<'a> for Presented<'a> {
    fn provide(&self, demand: &mut Demand<'a>) -> DemandReply<()> {
        demand.provide_ref::<AuthzId>(self.user)?.provide_ref::<Token>(self.token.as_bytes())?.done()
    }
}

impl Authentication for Xoauth2 {
    fn step(
        &mut self,
        session: &mut MechanismData<'_, '_>,
        input: Option<&[u8]>,
        _: &mut dyn Write,
    ) -> Result<State, SessionError> {
        let input = input.ok_or(SessionError::InputDataRequired)?;
        let message = std::str::from_utf8(input).map_err(|_| Violation::Grammar)?;
        // A name may have characters that no other value has.
        let (user, rest) = message.split_once('\x01').ok_or(Violation::Grammar)?;
        let user = user.strip_prefix("user=").filter(|user| !user.is_empty()).ok_or(Violation::Grammar)?;
        let token = bearer::token(bearer::value_of(&bearer::pairs(rest)?, "auth")?)?;
        session.validate(&Presented { user, token })?;
        Ok(State::Finished(MessageSent::No))
    }
}
