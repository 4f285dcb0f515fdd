use std::net::IpAddr;
use std::sync::Arc;

use smtp_core::CertificateProblem;
use smtp_core::client::{Destination, TlsOutcome};

use super::HandshakeError;

/// What came of TLS with one server: a line of the reports that RFC 8460 is about.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsReport {
    /// The domain of the recipients, or the host where no MX record has led to it.
    pub domain: String,
    /// The server.
    pub host: Arc<str>,
    /// Its address, where it is known.
    pub address: Option<IpAddr>,
    /// What was demanded by.
    pub policy: PolicyKind,
    /// What went wrong; nothing if this is `None`.
    pub failure: Option<TlsFailure>,
    /// What the software says of it.
    pub detail: Option<String>,
}

/// The kind of policy that was in force (RFC 8460 section 4.4, `policy-type`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PolicyKind {
    /// `tlsa`: the records of DANE.
    Tlsa,
    /// `sts`: MTA-STS.
    Sts,
    /// `no-policy-found`: the domain publishes nothing, or was not asked.
    #[default]
    NoPolicyFound,
}

impl PolicyKind {
    /// The word of the RFC.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tlsa => "tlsa",
            Self::Sts => "sts",
            Self::NoPolicyFound => "no-policy-found",
        }
    }
}

/// What went wrong (RFC 8460 section 4.3, `result-type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsFailure {
    /// `starttls-not-supported`
    StartTlsNotSupported,
    /// `certificate-host-mismatch`
    CertificateHostMismatch,
    /// `certificate-expired`
    CertificateExpired,
    /// `certificate-not-trusted`
    CertificateNotTrusted,
    /// `validation-failure`
    ValidationFailure,
    /// `tlsa-invalid`
    TlsaInvalid,
    /// `dnssec-invalid`
    DnssecInvalid,
    /// `dane-required`
    DaneRequired,
    /// `sts-policy-fetch-error`
    StsPolicyFetchError,
    /// `sts-policy-invalid`
    StsPolicyInvalid,
    /// `sts-webpki-invalid`
    StsWebpkiInvalid,
}

impl TlsFailure {
    /// The word of the RFC.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StartTlsNotSupported => "starttls-not-supported",
            Self::CertificateHostMismatch => "certificate-host-mismatch",
            Self::CertificateExpired => "certificate-expired",
            Self::CertificateNotTrusted => "certificate-not-trusted",
            Self::ValidationFailure => "validation-failure",
            Self::TlsaInvalid => "tlsa-invalid",
            Self::DnssecInvalid => "dnssec-invalid",
            Self::DaneRequired => "dane-required",
            Self::StsPolicyFetchError => "sts-policy-fetch-error",
            Self::StsPolicyInvalid => "sts-policy-invalid",
            Self::StsWebpkiInvalid => "sts-webpki-invalid",
        }
    }
}

impl TlsReport {
    pub(super) fn new(destination: &Destination, policy: PolicyKind) -> Self {
        let domain = destination.domain.as_ref().map_or(&*destination.host, |domain| domain.to_ascii());
        Self {
            domain: domain.to_owned(),
            host: Arc::clone(&destination.host),
            address: destination.address,
            policy,
            failure: None,
            detail: None,
        }
    }

    pub(super) fn of(destination: &Destination, policy: PolicyKind, outcome: TlsOutcome<'_>) -> Self {
        let mut report = Self::new(destination, policy);
        let (failure, detail) = match outcome {
            TlsOutcome::NotOffered => (Some(TlsFailure::StartTlsNotSupported), None),
            TlsOutcome::Refused(reply) => (Some(TlsFailure::StartTlsNotSupported), Some(reply.to_string())),
            TlsOutcome::Failed(error) => (Some(failure(error, policy)), Some(error.to_string())),
            TlsOutcome::Established(tls) => {
                // With a policy that only tests, or none, mail goes all the same: that is what reports
                // are for.
                let problem = tls.problem.filter(|_| policy != PolicyKind::NoPolicyFound);
                (problem.map(by_certificate), problem.map(|problem| problem.to_string()))
            }
            _ => (Some(TlsFailure::ValidationFailure), None),
        };
        (report.failure, report.detail) = (failure, detail);
        report
    }
}

fn failure(error: &(dyn std::error::Error + Send + Sync + 'static), policy: PolicyKind) -> TlsFailure {
    let problem = error.downcast_ref::<HandshakeError>().and_then(HandshakeError::problem);
    match problem {
        Some(CertificateProblem::NotPublished) if policy == PolicyKind::Tlsa => TlsFailure::ValidationFailure,
        Some(problem) => by_certificate(problem),
        None => TlsFailure::ValidationFailure,
    }
}

fn by_certificate(problem: CertificateProblem) -> TlsFailure {
    match problem {
        CertificateProblem::WrongName => TlsFailure::CertificateHostMismatch,
        CertificateProblem::Expired => TlsFailure::CertificateExpired,
        CertificateProblem::NotPublished => TlsFailure::ValidationFailure,
        _ => TlsFailure::CertificateNotTrusted,
    }
}
