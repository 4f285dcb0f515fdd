//! Whether a certificate is valid today.

use std::net::Ipv4Addr;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, Error, RootCertStore};

/// What is wrong with the dates of the first certificate.
pub(super) fn problem(
    chain: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Option<&'static str> {
    // The library shows no dates, but it verifies: with the certificate as its own root the dates
    // are looked at first, and whatever else it finds wrong does not matter here.
    let (leaf, intermediates) = chain.split_first()?;
    let mut roots = RootCertStore::empty();
    roots.add(leaf.clone()).ok()?;
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let any_name = ServerName::from(Ipv4Addr::UNSPECIFIED);
    let verified =
        verifier.build().ok()?.verify_server_cert(leaf, intermediates, &any_name, &[], UnixTime::now());
    match verified {
        Err(Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        )) => Some("the certificate has expired"),
        Err(Error::InvalidCertificate(
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. },
        )) => Some("the certificate is not valid yet"),
        _ => None,
    }
}
