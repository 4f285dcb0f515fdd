//! Certificates and keys: read from PEM, checked, and chosen at each handshake.

mod chain;
pub(crate) mod end_point;
mod pem;
mod resolver;
#[cfg(test)]
mod tests;
pub(crate) mod x509;

use std::sync::Arc;

use bytes::Bytes;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};
use smtp_core::SubjectName;

pub(crate) use pem::{Pem, Source};
pub(crate) use resolver::{Choice, ServerCertificates};

use crate::TlsError;

/// A certificate of a server, with its chain and its key.
#[derive(Debug)]
pub(crate) struct Certificate {
    pub(crate) key: Arc<CertifiedKey>,
    /// The host names that it holds for, in lower case; some may begin with `*.`.
    pub(crate) names: Vec<String>,
    /// What it gives for `tls-server-end-point`.
    pub(crate) end_point: Option<Bytes>,
    /// What is wrong with it, though it can be served.
    pub(crate) warnings: Vec<TlsError>,
}

/// Reads a certificate, its chain and its key, and checks that they fit together.
///
/// A certificate that is out of date, stands in front of the wrong issuer or is not understood by the
/// library is taken with a warning: what it is worth its readers decide, and mail that strangers send
/// without looking at certificates should not stop for it.
pub(crate) fn load(certificate: &Pem, key: &Pem, provider: &CryptoProvider) -> Result<Certificate, TlsError> {
    let chain = certificate.certificates()?;
    let unusable =
        |error: Error| TlsError::Key { origin: key.origin().to_owned(), problem: error.to_string() };
    let signing = provider.key_provider.load_private_key(key.private_key()?).map_err(unusable)?;
    let certified = CertifiedKey::new(chain, signing);
    check_match(&certified, certificate, key)?;
    let own = &certified.cert[0];
    Ok(Certificate {
        names: host_names(own),
        end_point: end_point::of(own),
        warnings: chain::problems(certificate.origin(), &certified.cert),
        key: Arc::new(certified),
    })
}

fn host_names(certificate: &[u8]) -> Vec<String> {
    let Some(parsed) = x509::parse(certificate) else { return Vec::new() };
    let names = x509::subject_names(&parsed).into_iter();
    names.filter_map(|name| if let SubjectName::Dns(name) = name { Some(name) } else { None }).collect()
}

fn check_match(certified: &CertifiedKey, certificate: &Pem, key: &Pem) -> Result<(), TlsError> {
    match certified.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(()),
        // The library reads version 3 alone, but `openssl x509 -req` has made many of version 1.
        Err(_) if holds_public_key(certified, 0) => Ok(()),
        Err(_) if (1..certified.cert.len()).any(|index| holds_public_key(certified, index)) => {
            Err(TlsError::WrongOrder { origin: certificate.origin().to_owned() })
        }
        Err(Error::InconsistentKeys(_)) => Err(TlsError::KeyMismatch {
            certificate: certificate.origin().to_owned(),
            key: key.origin().to_owned(),
        }),
        Err(error) => {
            Err(TlsError::Certificate { origin: certificate.origin().to_owned(), problem: error.to_string() })
        }
    }
}

/// Whether the public half of the key stands in this certificate of the chain.
fn holds_public_key(certified: &CertifiedKey, index: usize) -> bool {
    let public = certified.key.public_key();
    let parsed = certified.cert.get(index).and_then(|certificate| x509::parse(certificate));
    public.zip(parsed).is_some_and(|(public, parsed)| parsed.public_key().raw == public.as_ref())
}
