//! CRAM-MD5 (RFC 2195).

use std::fmt::Write as _;

use hmac::{Mac as _, SimpleHmac};
use md5::Md5;
use smtp_core::client::{AuthExchange, AuthOffer};
use smtp_core::{BoxError, Secret};

use super::super::Credentials;
use super::super::error::ClientError;
use super::{Response, password, ready};
use crate::Mechanism;

struct CramMd5 {
    name: String,
    /// Until it was used.
    password: Option<Secret>,
}

pub(in super::super) fn begin(
    _: Mechanism,
    credentials: &Credentials,
    _: &AuthOffer,
) -> Result<Box<dyn AuthExchange>, BoxError> {
    let password = Some(password(credentials)?.clone());
    Ok(Box::new(CramMd5 { name: credentials.name.clone(), password }))
}

impl CramMd5 {
    fn answer(&mut self, challenge: &[u8]) -> Result<Secret, ClientError> {
        let password = self.password.take().ok_or(ClientError::Over)?;
        let mut mac =
            SimpleHmac::<Md5>::new_from_slice(password.expose()).map_err(|_| ClientError::Secret)?;
        mac.update(challenge);
        let mut answer = format!("{} ", self.name);
        for octet in mac.finalize().into_bytes() {
            // Writing into a string cannot fail.
            let _ = write!(answer, "{octet:02x}");
        }
        Ok(Secret::new(answer.into_bytes()))
    }
}

impl AuthExchange for CramMd5 {
    fn mechanism(&self) -> &str {
        Mechanism::CRAM_MD5.name()
    }

    fn initial_response(&mut self) -> Result<Option<Secret>, BoxError> {
        Ok(None)
    }

    fn respond<'a>(&'a mut self, challenge: &'a [u8]) -> Response<'a> {
        ready(self.answer(challenge))
    }

    fn finish(&mut self) -> Result<(), BoxError> {
        if self.password.is_none() { Ok(()) } else { Err(ClientError::NotOver.into()) }
    }
}
