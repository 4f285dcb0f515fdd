//! Certificates and keys: read from PEM, checked, and chosen at each handshake.

pub(crate) mod end_point;
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
/// A certificate that is out of date, or that the library does not understand, is taken with a
/// warning in the log: what it is worth its readers decide, and mail that strangers send without
/// looking at certificates should not stop for it.
pub(crate) fn load(
    certificate: &Pem,
    key: &Pem,
    provider: &Arc<CryptoProvider>,
) -> Result<CertifiedKey, TlsError> {
    let chain = certificate.certificates()?;
    if let Some(problem) = validity::problem(&chain, provider) {
        tracing::warn!(certificate = certificate.origin(), "{problem}");
    }
    let unusable =
        |error: Error| TlsError::Key { origin: key.origin().to_owned(), problem: error.to_string() };
    let signing = provider.key_provider.load_private_key(key.private_key()?).map_err(unusable)?;
    let certified = CertifiedKey::new(chain, signing);
    check_match(&certified, certificate, key)?;
    Ok(certified)
}

fn check_match(certified: &CertifiedKey, certificate: &Pem, key: &Pem) -> Result<(), TlsError> {
    match certified.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(()),
        Err(Error::InconsistentKeys(_)) => Err(TlsError::KeyMismatch {
            certificate: certificate.origin().to_owned(),
            key: key.origin().to_owned(),
        }),
        Err(error) if holds_public_key(certified) => {
            tracing::warn!(certificate = certificate.origin(), %error, "unusual certificate");
            Ok(())
        }
        Err(error) => {
            Err(TlsError::Certificate { origin: certificate.origin().to_owned(), problem: error.to_string() })
        }
    }
}

/// Whether the public half of the key stands in the certificate. The library reads version 3
/// alone, but `openssl x509 -req` has made many certificates of version 1.
fn holds_public_key(certified: &CertifiedKey) -> bool {
    let public = certified.key.public_key();
    public.zip(certified.cert.first()).is_some_and(|(public, certificate)| {
        certificate.windows(public.len().max(1)).any(|window| window == public.as_ref())
    })
}
