use thiserror::Error;

/// Why there is no login. Nothing in it is secret.
#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum ClientError {
    #[error("the credentials have a name that cannot be sent")]
    Name,
    #[error("the credentials have a secret that cannot be sent")]
    Secret,
    #[error("the server offers no AUTH")]
    NoAuth,
    #[error("the server offers none of the mechanisms that the credentials are for, but {0}")]
    NoMechanism(String),
    #[error("without TLS, {0} would show the secret")]
    Plaintext(&'static str),
    #[error("the server goes on where the exchange is over")]
    Over,
    #[error("the server says that we are in before the exchange is over")]
    NotOver,
    #[error("the server's message is malformed")]
    Malformed,
    #[error("the server wants an extension that is not known here")]
    Extension,
    #[error("the server's nonce is not made of ours")]
    Nonce,
    #[error("the server asks for {0} iterations, which is not within {min} and {max}", min = super::exchange::ITERATIONS.start(), max = super::exchange::ITERATIONS.end())]
    Iterations(u32),
    #[error("the server does not prove that it knows the password")]
    Signature,
    #[error("the server refuses: {0}")]
    Refused(&'static str),
}
