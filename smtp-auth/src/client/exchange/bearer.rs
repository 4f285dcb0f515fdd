//! Bearer tokens: OAUTHBEARER (RFC 7628), and XOAUTH2, which came before it.

use smtp_core::client::{AuthExchange, AuthOffer};
use smtp_core::{BoxError, Secret};

use super::super::Credentials;
use super::super::credentials::Proof;
use super::super::error::ClientError;
use super::{Response, ready, refusal, scram};
use crate::Mechanism;

struct Bearer {
    mechanism: Mechanism,
    message: Option<Secret>,
    /// What answers the server's reasons of a refusal, so that it can refuse.
    farewell: &'static str,
    refused: bool,
}

pub(in super::super) fn oauthbearer(
    mechanism: Mechanism,
    credentials: &Credentials,
    offer: &AuthOffer,
) -> Result<Box<dyn AuthExchange>, BoxError> {
    let user = if credentials.acts_for.is_empty() { &credentials.name } else { &credentials.acts_for };
    let destination = &offer.destination;
    let head = format!(
        "n,a={},\x01host={}\x01port={}\x01",
        scram::sasl_name(user),
        destination.host,
        destination.port
    );
    Bearer::begin(mechanism, credentials, &head, "\x01")
}

pub(in super::super) fn xoauth2(
    mechanism: Mechanism,
    credentials: &Credentials,
    _: &AuthOffer,
) -> Result<Box<dyn AuthExchange>, BoxError> {
    let user = if credentials.acts_for.is_empty() { &credentials.name } else { &credentials.acts_for };
    Bearer::begin(mechanism, credentials, &format!("user={user}\x01"), "")
}

impl Bearer {
    fn begin(
        mechanism: Mechanism,
        credentials: &Credentials,
        head: &str,
        farewell: &'static str,
    ) -> Result<Box<dyn AuthExchange>, BoxError> {
        let token = match &credentials.proof {
            // RFC 6750 section 2.1.
            Proof::Token(token) if token.expose().iter().all(u8::is_ascii_graphic) => token.expose(),
            _ => return Err(ClientError::Secret.into()),
        };
        let message = [head.as_bytes(), b"auth=Bearer ", token, b"\x01\x01"].concat();
        Ok(Box::new(Self { mechanism, message: Some(Secret::new(message)), farewell, refused: false }))
    }
}

impl AuthExchange for Bearer {
    fn mechanism(&self) -> &str {
        self.mechanism.name()
    }

    fn initial_response(&mut self) -> Result<Option<Secret>, BoxError> {
        Ok(self.message.take())
    }

    fn respond<'a>(&'a mut self, challenge: &'a [u8]) -> Response<'a> {
        if std::mem::replace(&mut self.refused, true) {
            return ready(Err(ClientError::Over));
        }
        tracing::warn!(mechanism = %self.mechanism, reason = %refusal(challenge), "token refused");
        ready(Ok(self.farewell.into()))
    }

    fn finish(&mut self) -> Result<(), BoxError> {
        if self.refused { Err(ClientError::NotOver.into()) } else { Ok(()) }
    }
}
