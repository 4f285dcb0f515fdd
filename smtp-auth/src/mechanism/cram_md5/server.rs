use std::io::Write;

use hmac::{Hmac, Mac};
use md5::Md5;
use rsasl::mechanism::{Authentication, EmptyProvider, MechanismData};
use rsasl::prelude::{MessageSent, SessionError, State};
use rsasl::property::Hostname;

use crate::mechanism::{Violation, hexadecimal};
use crate::sasl::{Name, Nonce, PresentedSecret, ProvenName, SharedSecret};
use crate::saslprep::prepare;

/// How far the exchange is.
#[derive(Default)]
pub(super) enum CramMd5 {
    #[default]
    Start,
    Challenged(String),
    Over,
}

impl Authentication for CramMd5 {
    fn step(
        &mut self,
        session: &mut MechanismData<'_, '_>,
        input: Option<&[u8]>,
        writer: &mut dyn Write,
    ) -> Result<State, SessionError> {
        match (std::mem::replace(self, Self::Over), input) {
            (Self::Start, None) => {
                let challenge = challenge(session)?;
                writer.write_all(challenge.as_bytes())?;
                *self = Self::Challenged(challenge);
                Ok(State::Running)
            }
            (Self::Challenged(challenge), Some(response)) => {
                let (name, digest) = parse(response).ok_or(Violation::Grammar)?;
                let asked = Name { name: &name, acts_for: "" };
                let found = session.need_with::<SharedSecret, _, _>(&asked, |secret| Ok(secret.clone()));
                if found.is_err() {
                    // Whoever takes this step again has the secret at hand.
                    *self = Self::Challenged(challenge);
                    return found.map(|_| State::Running);
                }
                if proves(&found?, challenge.as_bytes(), &digest) {
                    session.validate(&ProvenName(asked))?;
                }
                Ok(State::Finished(MessageSent::No))
            }
            (Self::Over, _) => Err(Violation::Over.into()),
            _ => Err(Violation::Grammar.into()),
        }
    }
}

/// RFC 2195 section 2: in the form of a `msg-id`, and never the same.
fn challenge(session: &MechanismData<'_, '_>) -> Result<String, SessionError> {
    let nonce = session.need_with::<Nonce, _, _>(&EmptyProvider, |nonce| Ok(nonce.clone()))?;
    session.need_with::<Hostname, _, _>(&EmptyProvider, |host| Ok(format!("<{nonce}@{host}>")))
}

/// The name, which may hold spaces, and the digest.
fn parse(response: &[u8]) -> Option<(String, [u8; 16])> {
    let (name, digest) = std::str::from_utf8(response).ok()?.rsplit_once(' ')?;
    Some((prepare(name)?.into_owned(), hexadecimal(digest)?))
}

fn proves(presented: &PresentedSecret, challenge: &[u8], digest: &[u8; 16]) -> bool {
    let mac = <Hmac<Md5> as Mac>::new_from_slice(presented.secret.expose());
    // Takes the same time wherever the digest goes wrong.
    let right = mac.is_ok_and(|mac| mac.chain_update(challenge).verify_slice(digest).is_ok());
    right & presented.genuine
}
