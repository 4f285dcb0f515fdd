//! Signatures of handshakes by the key of any certificate. The library reads certificates of version 3
//! alone; `openssl x509 -req` has made many of version 1, and mail comes from their holders too.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error};
use x509_parser::asn1_rs::{FromDer, Sequence};

use crate::certificate::x509;

pub(crate) fn verify_tls12(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    if ParsedCertificate::try_from(certificate).is_ok() {
        return verify_tls12_signature(message, certificate, signature, algorithms);
    }
    let parsed = x509::parse(certificate).ok_or(CertificateError::BadEncoding)?;
    let key = parsed.public_key();
    let kind = algorithm(key.raw).ok_or(CertificateError::BadEncoding)?;
    let scheme = algorithms.mapping.iter().find(|(scheme, _)| *scheme == signature.scheme);
    let valid = scheme.is_some_and(|(_, algorithms)| {
        algorithms.iter().filter(|algorithm| *algorithm.public_key_alg_id() == *kind).any(|algorithm| {
            let key = &key.subject_public_key.data;
            algorithm.verify_signature(key, message, signature.signature()).is_ok()
        })
    });
    if valid { Ok(HandshakeSignatureValid::assertion()) } else { Err(CertificateError::BadSignature.into()) }
}

pub(crate) fn verify_tls13(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signature: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    if ParsedCertificate::try_from(certificate).is_ok() {
        return verify_tls13_signature(message, certificate, signature, algorithms);
    }
    let parsed = x509::parse(certificate).ok_or(CertificateError::BadEncoding)?;
    let key = SubjectPublicKeyInfoDer::from(parsed.public_key().raw);
    verify_tls13_signature_with_raw_key(message, &key, signature, algorithms)
}

/// The algorithm in a public key, without its own tag and length.
fn algorithm(key: &[u8]) -> Option<Vec<u8>> {
    let (_, key) = Sequence::from_der(key).ok()?;
    let (_, algorithm) = Sequence::from_der(&key.content).ok()?;
    Some(algorithm.content.into_owned())
}

/// The half of a verifier that is about signatures: rustls has the same three methods in the traits of
/// both sides. `self.algorithms` are those that count.
macro_rules! verify_signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            certificate: &rustls::pki_types::CertificateDer<'_>,
            proof: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            $crate::signature::verify_tls12(message, certificate, proof, &self.algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &rustls::pki_types::CertificateDer<'_>,
            proof: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            $crate::signature::verify_tls13(message, certificate, proof, &self.algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            self.algorithms.supported_schemes()
        }
    };
}
pub(crate) use verify_signatures;
