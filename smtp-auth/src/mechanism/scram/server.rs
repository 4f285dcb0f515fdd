use std::io::Write;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rsasl::mechanism::{Authentication, EmptyProvider, MechanismData};
use rsasl::prelude::{MessageSent, SessionError, State};

use super::client_final::ClientFinal;
use super::client_first::ClientFirst;
use crate::mechanism::Violation;
use crate::mechanism::gs2::Binding;
use crate::sasl::{BindingOffered, Keys, Name, Nonce, ProvenName};
use crate::scram::{Hash, PresentedKeys, client_proves, server_signature};

/// An exchange with the hash function `D`, with channel binding or without.
pub(super) struct Scram<D, const PLUS: bool> {
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
    /// The GS2 header, and what the channel is bound by: `cbind-input`.
    binding: Vec<u8>,
    name: String,
    acts_for: String,
    nonce: String,
    keys: PresentedKeys,
    /// `client-first-message-bare` and `server-first-message`, with a comma behind each.
    signed: String,
}

impl<D, const PLUS: bool> Default for Scram<D, PLUS> {
    fn default() -> Self {
        Self { progress: Progress::Start, hash: PhantomData }
    }
}

impl<D: Hash, const PLUS: bool> Authentication for Scram<D, PLUS> {
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
                let binding = bind(session, &first, PLUS)?;
                let challenged = challenge(session, &first, binding, writer)?;
                self.progress = Progress::Challenged(Box::new(challenged));
                Ok(State::Running)
            }
            Progress::Challenged(challenged) => {
                let last = ClientFinal::parse(input, &challenged.binding, &challenged.nonce)?;
                challenged.conclude::<D>(session, &last, writer)?;
                Ok(State::Finished(MessageSent::Yes))
            }
            Progress::Over => Err(Violation::Over.into()),
        }
    }
}

/// What the final message has to repeat: the GS2 header, and the data of the channel binding if one
/// is used.
fn bind(
    session: &MechanismData<'_, '_>,
    first: &ClientFirst<'_>,
    plus: bool,
) -> Result<Vec<u8>, SessionError> {
    let mut input = first.header.text.as_bytes().to_vec();
    match (first.header.binding, plus) {
        (Binding::Used(name), true) => session.need_cb_data(name, EmptyProvider, |data| {
            input.extend_from_slice(data);
            Ok(())
        })?,
        (Binding::NotSeen, false) => {
            // RFC 5802 section 6: somebody hid the offer from the client.
            if session.need_with::<BindingOffered, _, _>(&EmptyProvider, |offered| Ok(*offered))? {
                return Err(Violation::Downgrade.into());
            }
        }
        (Binding::No, false) => {}
        _ => return Err(Violation::ChannelBinding.into()),
    }
    Ok(input)
}

/// Sends `server-first-message`.
fn challenge(
    session: &MechanismData<'_, '_>,
    first: &ClientFirst<'_>,
    binding: Vec<u8>,
    writer: &mut dyn Write,
) -> Result<Challenged, SessionError> {
    let asked = Name { name: &first.name, acts_for: &first.header.acts_for };
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
        binding,
        name: first.name.clone(),
        acts_for: first.header.acts_for.clone(),
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
