use std::io::Write;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rsasl::mechanism::{Authentication, Demand, DemandReply, EmptyProvider, MechanismData, Provider};
use rsasl::prelude::{MessageSent, SessionError, State};
use rsasl::property::{AuthId, AuthzId};

use super::client_final::ClientFinal;
use super::client_first::ClientFirst;
use super::error::Violation;
use crate::sasl::{Keys, Nonce, Proven};
use crate::scram::{Hash, PresentedKeys, client_proves, server_signature};

/// An exchange with the hash function `D`.
pub(super) struct Scram<D> {
    progress: Progress,
    hash: PhantomData<fn() -> D>,
}

#[derive(Default)]
enum Progress {
    #[default]
    Start,
    Challenged(Box<Challenged>),
    Over,
}

/// What is remembered from the first message to the final one.
struct Challenged {
    gs2_header: String,
    name: String,
    acts_for: String,
    nonce: String,
    keys: PresentedKeys,
    /// `client-first-message-bare` and `server-first-message`, with a comma behind each.
    signed: String,
}

impl<D> Default for Scram<D> {
    fn default() -> Self {
        Self { progress: Progress::Start, hash: PhantomData }
    }
}

impl<D: Hash> Authentication for Scram<D> {
    fn step(
        &mut self,
        session: &mut MechanismData<'_, '_>,
        input: Option<&[u8]>,
        writer: &mut dyn Write,
    ) -> Result<State, SessionError> {
        let input = input.ok_or(SessionError::InputDataRequired)?;
        match std::mem::replace(&mut self.progress, Progress::Over) {
            Progress::Start => {
                let first = ClientFirst::parse(input)?;
                // Whoever takes this step again with the keys at hand begins anew.
                self.progress = Progress::Start;
                let challenged = challenge(session, &first, writer)?;
                self.progress = Progress::Challenged(Box::new(challenged));
                Ok(State::Running)
            }
            Progress::Challenged(challenged) => {
                let last = ClientFinal::parse(input, &challenged.gs2_header, &challenged.nonce)?;
                challenged.conclude::<D>(session, &last, writer)?;
                Ok(State::Finished(MessageSent::Yes))
            }
            Progress::Over => Err(Violation::Over.into()),
        }
    }
}

/// Sends `server-first-message`.
fn challenge(
    session: &MechanismData<'_, '_>,
    first: &ClientFirst<'_>,
    writer: &mut dyn Write,
) -> Result<Challenged, SessionError> {
    let asked = Name { name: &first.name, acts_for: &first.acts_for };
    let keys = session.need_with::<Keys, _, _>(&asked, |keys| Ok(keys.clone()))?;
    let mut nonce = first.nonce.to_owned();
    session.need_with::<Nonce, _, _>(&EmptyProvider, |own| {
        nonce.push_str(own);
        Ok(())
    })?;
    let salt = BASE64.encode(keys.keys.salt());
    let message = format!("r={nonce},s={salt},i={}", keys.keys.cost().iterations);
    writer.write_all(message.as_bytes())?;
    Ok(Challenged {
        gs2_header: first.gs2_header.to_owned(),
        name: first.name.clone(),
        acts_for: first.acts_for.clone(),
        nonce,
        signed: format!("{},{message},", first.bare),
        keys,
    })
}

impl Challenged {
    /// Checks the proof and sends `server-final-message`.
    fn conclude<D: Hash>(
        &self,
        session: &mut MechanismData<'_, '_>,
        last: &ClientFinal<'_>,
        writer: &mut dyn Write,
    ) -> Result<(), SessionError> {
        let auth_message = format!("{}{}", self.signed, last.without_proof);
        let PresentedKeys { keys, genuine } = &self.keys;
        let proven = client_proves::<D>(keys.stored_key(), auth_message.as_bytes(), &last.proof);
        // The same words for an unknown name as for a wrong password.
        if !(proven & genuine) {
            writer.write_all(b"e=invalid-proof")?;
            return Ok(());
        }
        session.validate(&ProvenName(Name { name: &self.name, acts_for: &self.acts_for }))?;
        let signature = server_signature::<D>(keys.server_key(), auth_message.as_bytes());
        writer.write_all(b"v=")?;
        writer.write_all(BASE64.encode(signature).as_bytes())?;
        Ok(())
    }
}

struct Name<'a> {
    name: &'a str,
    acts_for: &'a str,
}

impl<'a> Provider<'a> for Name<'a> {
    fn provide(&self, demand: &mut Demand<'a>) -> DemandReply<()> {
        demand.provide_ref::<AuthId>(self.name)?.provide_ref::<AuthzId>(self.acts_for)?.done()
    }
}

struct ProvenName<'a>(Name<'a>);

impl<'a> Provider<'a> for ProvenName<'a> {
    fn provide(&self, demand: &mut Demand<'a>) -> DemandReply<()> {
        self.0.provide(demand)?;
        demand.provide_ref::<Proven>(&())?.done()
    }
}
