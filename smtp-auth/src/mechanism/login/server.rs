use std::io::Write;

use rsasl::mechanism::{Authentication, Demand, DemandReply, MechanismData, Provider};
use rsasl::prelude::{MessageSent, SessionError, State};
use rsasl::property::{AuthId, Password};

/// How far the exchange is.
#[derive(Default)]
pub(super) enum Login {
    #[default]
    Start,
    Name,
    Password {
        name: String,
    },
    Over,
}

struct Credentials<'a> {
    name: &'a str,
    password: &'a [u8],
}

impl<'a> Provider<'a> for Credentials<'a> {
    fn provide(&self, demand: &mut Demand<'a>) -> DemandReply<()> {
        demand.provide_ref::<AuthId>(self.name)?.provide_ref::<Password>(self.password)?.done()
    }
}

impl Authentication for Login {
    fn step(
        &mut self,
        session: &mut MechanismData<'_, '_>,
        input: Option<&[u8]>,
        writer: &mut dyn Write,
    ) -> Result<State, SessionError> {
        match (std::mem::replace(self, Self::Over), input) {
            (Self::Start, None) => {
                // Clients look for these very words.
                writer.write_all(b"Username:")?;
                *self = Self::Name;
                Ok(State::Running)
            }
            (Self::Start | Self::Name, Some(name)) => {
                let name = String::from_utf8_lossy(name).into_owned();
                writer.write_all(b"Password:")?;
                *self = Self::Password { name };
                Ok(State::Running)
            }
            (Self::Password { name }, Some(password)) => {
                session.validate(&Credentials { name: &name, password })?;
                Ok(State::Finished(MessageSent::No))
            }
            (Self::Name | Self::Password { .. }, None) => Err(SessionError::InputDataRequired),
            (Self::Over, _) => Err(SessionError::MechanismDone),
        }
    }
}
