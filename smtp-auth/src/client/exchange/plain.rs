//! PLAIN (RFC 4616).

use smtp_core::client::{AuthExchange, AuthOffer};
use smtp_core::{BoxError, Secret};

use super::super::Credentials;
use super::super::error::ClientError;
use super::{Response, password, ready};
use crate::Mechanism;

struct Plain {
    message: Option<Secret>,
}

pub(in super::super) fn begin(
    _: Mechanism,
    credentials: &Credentials,
    _: &AuthOffer,
) -> Result<Box<dyn AuthExchange>, BoxError> {
    let password = password(credentials)?;
    if password.expose().contains(&0) {
        return Err(ClientError::Secret.into());
    }
    let parts =
        [credentials.acts_for.as_bytes(), b"\0", credentials.name.as_bytes(), b"\0", password.expose()];
    Ok(Box::new(Plain { message: Some(Secret::new(parts.concat())) }))
}

impl AuthExchange for Plain {
    fn mechanism(&self) -> &str {
        Mechanism::PLAIN.name()
    }

    fn initial_response(&mut self) -> Result<Option<Secret>, BoxError> {
        Ok(self.message.take())
    }

    fn respond<'a>(&'a mut self, _: &'a [u8]) -> Response<'a> {
        ready(Err(ClientError::Over))
    }

    fn finish(&mut self) -> Result<(), BoxError> {
        Ok(())
    }
}
