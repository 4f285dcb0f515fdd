//! The exchanges, one mechanism each.

pub(super) mod bearer;
pub(super) mod cram_md5;
pub(super) mod external;
pub(super) mod login;
pub(super) mod plain;
pub(super) mod scram;
#[cfg(test)]
mod tests;

use std::pin::Pin;

use smtp_core::{BoxError, Secret};

use super::Credentials;
use super::credentials::Proof;
use super::error::ClientError;
pub(super) use scram::ITERATIONS;

/// What a response takes to be computed.
type Response<'a> = Pin<Box<dyn Future<Output = Result<Secret, BoxError>> + Send + 'a>>;

/// A response that is there at once.
fn ready<'a>(response: Result<Secret, ClientError>) -> Response<'a> {
    Box::pin(std::future::ready(response.map_err(Into::into)))
}

fn password(credentials: &Credentials) -> Result<&Secret, ClientError> {
    match &credentials.proof {
        Proof::Password(password) => Ok(password),
        _ => Err(ClientError::Secret),
    }
}

/// What a server says of its refusal, for the log: a short line of printable ASCII.
fn refusal(message: &[u8]) -> ClientError {
    let shown = |byte: &u8| if matches!(byte, b' '..=b'~') { char::from(*byte) } else { '?' };
    ClientError::Refused(message.iter().take(200).map(shown).collect())
}
