//! Certificates and keys: read from PEM, checked, and chosen at each handshake.

mod pem;
mod resolver;
#[cfg(test)]
mod tests;
mod validity;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

pub(crate) use pem::Pem;
pub(crate) use resolver::OneCertificate;

use crate::TlsError;

/// Reads a certificate, its chain and its key, and checks that they fit together.
///
/// A certificate that is out of date is taken, with a warning in the log: mail that strangers send
/// without looking at certificates should not stop for it.
pub(crate) fn load(
    certificate: &Pem,
    key: &Pem,
    provider: &Arc<CryptoProvider>,
) -> Result<CertifiedKey, TlsError> {
    let chain = certificate.certificates()?;
    if let Some(problem) = validity::problem(&chain, provider) {
        tracing::warn!(certificate = certificate.origin(), "{problem}");
    }
    CertifiedKey::from_der(chain, key.private_key()?, provider)
        .map_err(|error| blame(&error, certificate, key))
}

/// Names the file at fault.
fn blame(error: &Error, certificate: &Pem, key: &Pem) -> TlsError {
    match error {
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => TlsError::KeyMismatch {
            certificate: certificate.origin().to_owned(),
            key: key.origin().to_owned(),
        },
        Error::InvalidCertificate(_) => {
            TlsError::Certificate { origin: certificate.origin().to_owned(), problem: error.to_string() }
        }
        _ => TlsError::Key { origin: key.origin().to_owned(), problem: error.to_string() },
    }
}
