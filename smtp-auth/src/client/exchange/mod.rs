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

/// Reasons of refusals: those of SCRAM (RFC 5802 section 7), of OAUTHBEARER (RFC 6750 section 3.1), and of XOAUTH2
/// as it is spoken.
const REASONS: [&str; 18] = [
    "invalid-encoding",
    "extensions-not-supported",
    "invalid-proof",
    "channel-bindings-dont-match",
    "server-does-support-channel-binding",
    "channel-binding-not-supported",
    "unsupported-channel-binding-type",
    "unknown-user",
    "invalid-username-encoding",
    "no-resources",
    "other-error",
    "invalid_request",
    "invalid_token",
    "insufficient_scope",
    "\"400\"",
    "\"401\"",
    "\"403\"",
    "\"500\"",
];

/// What a server says of its refusal, for the log, if it is one of the known reasons: in anything else there
/// may be what it was told.
fn refusal(message: &[u8]) -> ClientError {
    let says = |reason: &&str| message.windows(reason.len()).any(|part| part == reason.as_bytes());
    ClientError::Refused(REASONS.into_iter().find(says).unwrap_or("it gives no known reason"))
}
