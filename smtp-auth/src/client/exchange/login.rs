//! LOGIN: whatever the server asks first is the name, and what it asks then the password.

use smtp_core::client::{AuthExchange, AuthOffer};
use smtp_core::{BoxError, Secret};

use super::super::Credentials;
use super::super::error::ClientError;
use super::{Response, password, ready};
use crate::Mechanism;

struct Login {
    /// What is still to be said, the last first.
    answers: Vec<Secret>,
}

pub(in super::super) fn begin(
    _: Mechanism,
    credentials: &Credentials,
    _: &AuthOffer,
) -> Result<Box<dyn AuthExchange>, BoxError> {
    let answers = vec![password(credentials)?.clone(), credentials.name.as_str().into()];
    Ok(Box::new(Login { answers }))
}

impl AuthExchange for Login {
    fn mechanism(&self) -> &str {
        Mechanism::LOGIN.name()
    }

    fn initial_response(&mut self) -> Result<Option<Secret>, BoxError> {
        Ok(None)
    }

    fn respond<'a>(&'a mut self, _: &'a [u8]) -> Response<'a> {
        ready(self.answers.pop().ok_or(ClientError::Over))
    }

    fn finish(&mut self) -> Result<(), BoxError> {
        if self.answers.is_empty() { Ok(()) } else { Err(ClientError::NotOver.into()) }
    }
}
