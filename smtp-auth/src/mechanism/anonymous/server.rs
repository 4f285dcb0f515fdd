use std::io::Write;

use rsasl::mechanism::{Authentication, MechanismData, ThisProvider};
use rsasl::prelude::{MessageSent, SessionError, State};

use crate::mechanism::Violation;
use crate::sasl::Trace;

/// RFC 4505 section 2.
const LONGEST_TRACE: usize = 255;

/// The only message: what the client wants to be known as, or nothing.
pub(super) struct Anonymous;

impl Authentication for Anonymous {
    fn step(
        &mut self,
        session: &mut MechanismData<'_, '_>,
        input: Option<&[u8]>,
        _: &mut dyn Write,
    ) -> Result<State, SessionError> {
        let input = input.ok_or(SessionError::InputDataRequired)?;
        let trace = std::str::from_utf8(input).map_err(|_| Violation::Grammar)?;
        // The `trace` profile of section 3 prohibits what has no business in a log.
        if trace.chars().count() > LONGEST_TRACE || trace.chars().any(char::is_control) {
            return Err(Violation::Grammar.into());
        }
        session.validate(&ThisProvider::<Trace>::with(trace))?;
        Ok(State::Finished(MessageSent::No))
    }
}
