use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{VerifierBuilderError, WebPkiClientVerifier};
use rustls::{CertificateError, DistinguishedName, Error};
use smtp_core::{CertificateProblem, Verify};

use super::Loaded;
use crate::TlsError;

/// Judges certificates by CAs that were loaded. Without any, none is good.
#[derive(Debug)]
pub(crate) struct Judge {
    clients: Option<Arc<dyn ClientCertVerifier>>,
    servers: Option<Arc<WebPkiServerVerifier>>,
    hints: Vec<DistinguishedName>,
}

impl Judge {
    pub(crate) fn new(loaded: Loaded, provider: &Arc<CryptoProvider>) -> Result<Self, TlsError> {
        let Loaded { roots, hints, revocation_lists: lists } = loaded;
        if roots.is_empty() {
            return Ok(Self { clients: None, servers: None, hints });
        }
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(provider))
            .with_crls(lists.iter().cloned())
            .enforce_revocation_expiration()
            .build()
            .map_err(unusable)?;
        let servers = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
            .with_crls(lists)
            .enforce_revocation_expiration()
            .build()
            .map_err(unusable)?;
        Ok(Self { clients: Some(clients), servers: Some(servers), hints })
    }

    /// The names of CAs that clients are told.
    pub(crate) fn hints(&self) -> &[DistinguishedName] {
        &self.hints
    }

    /// Whether this is the certificate of a client.
    pub(crate) fn client(&self, chain: &[CertificateDer<'_>]) -> Result<(), Error> {
        let Some(verifier) = &self.clients else { return Err(unknown_issuer()) };
        let (own, others) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
        verifier.verify_client_cert(own, others, UnixTime::now()).map(drop)
    }

    /// Whether this is the certificate of the server of this name.
    pub(crate) fn server(&self, chain: &[CertificateDer<'_>], name: &ServerName<'_>) -> Result<(), Error> {
        let Some(verifier) = &self.servers else { return Err(unknown_issuer()) };
        let (own, others) = chain.split_first().ok_or(Error::NoCertificatesPresented)?;
        verifier.verify_server_cert(own, others, name, &[], UnixTime::now()).map(drop)
    }

    /// The verdict on a client as a value.
    pub(crate) fn verify_client(&self, chain: &[CertificateDer<'_>]) -> (Verify, Option<CertificateProblem>) {
        if self.clients.is_none() {
            return (Verify::Fail, Some(CertificateProblem::NoAuthority));
        }
        verdict(self.client(chain))
    }

    /// Whether there are no CAs.
    pub(crate) fn knows_nobody(&self) -> bool {
        self.servers.is_none()
    }
}

fn unknown_issuer() -> Error {
    CertificateError::UnknownIssuer.into()
}

fn unusable(error: VerifierBuilderError) -> TlsError {
    match error {
        VerifierBuilderError::InvalidCrl(error) => TlsError::RevocationList {
            origin: "the revocation lists".to_owned(),
            problem: format!("{error:?}"),
        },
        error => TlsError::library(error),
    }
}

/// The verdict as a value.
pub(crate) fn verdict(result: Result<(), Error>) -> (Verify, Option<CertificateProblem>) {
    let Err(error) = result else { return (Verify::Ok, None) };
    let problem = problem(&error);
    let verify = if problem == CertificateProblem::RevocationUnknown { Verify::Temp } else { Verify::Fail };
    (verify, Some(problem))
}

/// What the library holds against a certificate.
pub(crate) fn problem(error: &Error) -> CertificateProblem {
    use CertificateError as E;
    use CertificateProblem as P;
    let Error::InvalidCertificate(error) = error else { return P::Malformed };
    match error {
        E::Expired | E::ExpiredContext { .. } => P::Expired,
        E::NotValidYet | E::NotValidYetContext { .. } => P::NotYetValid,
        E::Revoked => P::Revoked,
        E::UnknownIssuer => P::UnknownIssuer,
        E::UnknownRevocationStatus | E::ExpiredRevocationList | E::ExpiredRevocationListContext { .. } => {
            P::RevocationUnknown
        }
        E::NotValidForName | E::NotValidForNameContext { .. } => P::WrongName,
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => P::WrongPurpose,
        E::BadSignature
        | E::UnsupportedSignatureAlgorithmContext { .. }
        | E::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => P::BadSignature,
        E::ApplicationVerificationFailure => P::NotPublished,
        _ => P::Malformed,
    }
}
