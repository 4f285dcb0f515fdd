use std::io::Write;

use rsasl::mechanism::{Authentication, EmptyProvider, MechanismData};
use rsasl::prelude::{MessageSent, SessionError, State};
use rsasl::property::{Hostname, Service};
use subtle::ConstantTimeEq as _;

use super::arithmetic::Digests;
use super::directives::quote;
use super::response::{Expected, Response};
use crate::mechanism::{Violation, hexadecimal};
use crate::sasl::{Name, Nonce, PresentedSecret, ProvenName, SharedSecret};

/// How far the exchange is.
#[derive(Default)]
pub(super) enum DigestMd5 {
    #[default]
    Start,
    Challenged(Challenge),
    Over,
}

/// What the server said.
pub(super) struct Challenge {
    nonce: String,
    realm: String,
    service: String,
}

impl Authentication for DigestMd5 {
    fn step(
        &mut self,
        session: &mut MechanismData<'_, '_>,
        input: Option<&[u8]>,
        writer: &mut dyn Write,
    ) -> Result<State, SessionError> {
        match (std::mem::replace(self, Self::Over), input) {
            (Self::Start, None) => {
                let challenge = Challenge::new(session)?;
                writer.write_all(challenge.encode().as_bytes())?;
                *self = Self::Challenged(challenge);
                Ok(State::Running)
            }
            (Self::Challenged(challenge), Some(message)) => {
                let response = Response::parse(message, &challenge.expected())?;
                let asked = Name { name: &response.name, acts_for: &response.acts_for };
                let found = session.need_with::<SharedSecret, _, _>(&asked, |secret| Ok(secret.clone()));
                match found {
                    Ok(presented) => challenge.conclude(session, &response, &presented, writer),
                    Err(error) => {
                        // Whoever takes this step again has the secret at hand.
                        *self = Self::Challenged(challenge);
                        Err(error)
                    }
                }
            }
            (Self::Over, _) => Err(Violation::Over.into()),
            _ => Err(Violation::Grammar.into()),
        }
    }
}

impl Challenge {
    fn new(session: &MechanismData<'_, '_>) -> Result<Self, SessionError> {
        let nothing = &EmptyProvider;
        Ok(Self {
            nonce: session.need_with::<Nonce, _, _>(nothing, |nonce| Ok(nonce.clone()))?,
            realm: session.need_with::<Hostname, _, _>(nothing, |host| Ok(host.to_owned()))?,
            service: session.need_with::<Service, _, _>(nothing, |service| Ok(service.to_owned()))?,
        })
    }

    /// `digest-challenge` of RFC 2831 section 2.1.1.
    fn encode(&self) -> String {
        let (realm, nonce) = (quote(&self.realm), quote(&self.nonce));
        format!("realm={realm},nonce={nonce},qop=\"auth\",charset=utf-8,algorithm=md5-sess")
    }

    fn expected(&self) -> Expected<'_> {
        Expected { nonce: &self.nonce, realm: &self.realm, service: &self.service }
    }

    /// Checks the client's proof and gives the server's (`response-auth`, section 2.1.3).
    fn conclude(
        &self,
        session: &mut MechanismData<'_, '_>,
        response: &Response<'_>,
        presented: &PresentedSecret,
        writer: &mut dyn Write,
    ) -> Result<State, SessionError> {
        let digests = Digests::compute(response, &self.nonce, &presented.secret);
        // Takes the same time wherever the digest goes wrong.
        let right = hexadecimal(&digests.client)
            .is_some_and(|digest: [u8; 16]| bool::from(digest.ct_eq(&response.digest)));
        if !(right & presented.genuine) {
            return Ok(State::Finished(MessageSent::No));
        }
        session.validate(&ProvenName(Name { name: &response.name, acts_for: &response.acts_for }))?;
        write!(writer, "rspauth={}", digests.server)?;
        Ok(State::Finished(MessageSent::Yes))
    }
}
