use std::io::Write;

use rsasl::mechanism::{Authentication, Demand, DemandReply, MechanismData, Provider};
use rsasl::prelude::{MessageSent, SessionError, State};
use rsasl::property::AuthzId;

use crate::mechanism::Violation;
use crate::sasl::ByCertificate;

/// The only message: for whom the client wants to act, or nothing.
pub(super) struct External;

struct Wish<'a>(&'a str);

impl<'a> Provider<'a> for Wish<'a> {
    fn provide(&self, demand: &mut Demand<'a>) -> DemandReply<()> {
        demand.provide_ref::<AuthzId>(self.0)?.provide_ref::<ByCertificate>(&())?.done()
    }
}

impl Authentication for External {
    fn step(
        &mut self,
        session: &mut MechanismData<'_, '_>,
        input: Option<&[u8]>,
        _: &mut dyn Write,
    ) -> Result<State, SessionError> {
        let input = input.ok_or(SessionError::InputDataRequired)?;
        let acts_for = std::str::from_utf8(input).map_err(|_| Violation::Grammar)?;
        session.validate(&Wish(acts_for))?;
        Ok(State::Finished(MessageSent::No))
    }
}
