//! EXTERNAL (RFC 4422 appendix A): the server knows us by our certificate.

use smtp_core::client::{AuthExchange, AuthOffer};
use smtp_core::{BoxError, Secret};

use super::super::Credentials;
use super::super::error::ClientError;
use super::{Response, ready};
use crate::Mechanism;

struct External {
    acts_for: Secret,
}

pub(in super::super) fn begin(
    _: Mechanism,
    credentials: &Credentials,
    _: &AuthOffer,
) -> Result<Box<dyn AuthExchange>, BoxError> {
    Ok(Box::new(External { acts_for: credentials.acts_for.as_str().into() }))
}

impl AuthExchange for External {
    fn mechanism(&self) -> &str {
        Mechanism::EXTERNAL.name()
    }

    fn initial_response(&mut self) -> Result<Option<Secret>, BoxError> {
        Ok(Some(self.acts_for.clone()))
    }

    fn respond<'a>(&'a mut self, _: &'a [u8]) -> Response<'a> {
        ready(Err(ClientError::Over))
    }

    fn finish(&mut self) -> Result<(), BoxError> {
        Ok(())
    }
}
