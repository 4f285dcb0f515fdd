//! Whether a chain of certificates is one, and valid today.

use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{ASN1Time, X509Certificate};

use super::x509;
use crate::TlsError;

/// What is wrong with a chain, though it can be served.
pub(super) fn problems(origin: &str, chain: &[CertificateDer<'_>]) -> Vec<TlsError> {
    let parsed: Vec<_> = chain.iter().filter_map(|certificate| x509::parse(certificate)).collect();
    let origin = || origin.to_owned();
    let mut problems = Vec::new();
    if let Some(own) = parsed.first() {
        let (now, validity) = (ASN1Time::now(), own.validity());
        if now > validity.not_after {
            problems.push(TlsError::Expired { origin: origin(), date: validity.not_after.to_string() });
        } else if now < validity.not_before {
            problems.push(TlsError::NotYetValid { origin: origin(), date: validity.not_before.to_string() });
        }
    }
    if parsed.windows(2).any(|pair| !is_issued_by(&pair[0], &pair[1])) {
        problems.push(TlsError::WrongOrder { origin: origin() });
    }
    problems
}

fn is_issued_by(certificate: &X509Certificate<'_>, issuer: &X509Certificate<'_>) -> bool {
    certificate.issuer().as_raw() == issuer.subject().as_raw()
}
