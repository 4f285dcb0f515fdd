use std::fmt;

use smtp_core::{BoxError, CertificateProblem};

/// Why there is no TLS with a next hop.
#[derive(Debug)]
pub struct HandshakeError {
    problem: Option<CertificateProblem>,
    cause: BoxError,
}

impl HandshakeError {
    pub(super) fn new(cause: impl Into<BoxError>) -> Self {
        Self { problem: None, cause: cause.into() }
    }

    /// The certificate is to blame.
    pub(super) fn certificate(problem: CertificateProblem, cause: impl Into<BoxError>) -> Self {
        Self { problem: Some(problem), cause: cause.into() }
    }

    /// What is wrong with the server's certificate, if that is the reason.
    pub fn problem(&self) -> Option<CertificateProblem> {
        self.problem
    }
}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.problem {
            Some(problem) => write!(f, "certificate: {problem}"),
            None => self.cause.fmt(f),
        }
    }
}

impl std::error::Error for HandshakeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.cause)
    }
}
