use std::fmt;

use super::TlsInfo;

/// What came of verifying the peer's certificate, in Sendmail's words.
///
/// Only [`Ok`](Self::Ok) proves anything: all else is a client of which nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verify {
    /// `OK`: the certificate is good.
    Ok,
    /// `NO`: none was sent.
    No,
    /// `NOT`: none was asked for.
    Not,
    /// `FAIL`: the certificate is bad.
    Fail,
    /// `NONE`: there is no TLS.
    None,
    /// `TEMP`: there is no telling now, because a revocation list is missing or too old.
    Temp,
}

impl Verify {
    /// The word for a session with these facts, or without TLS.
    pub fn of(tls: Option<&TlsInfo>) -> Self {
        tls.map_or(Self::None, |tls| tls.verify)
    }
}

impl fmt::Display for Verify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::No => "NO",
            Self::Not => "NOT",
            Self::Fail => "FAIL",
            Self::None => "NONE",
            Self::Temp => "TEMP",
        })
    }
}

/// Why a certificate was not found good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// There is no CA to verify it with.
    NoAuthority,
    /// It leads to no CA that is known; a self-signed one for example.
    UnknownIssuer,
    /// Its time is over, or that of one between it and its CA.
    Expired,
    /// Its time has not come yet.
    NotYetValid,
    /// Its CA has revoked it.
    Revoked,
    /// There is no valid revocation list of its CA.
    RevocationUnknown,
    /// It belongs to another name.
    WrongName,
    /// It is for another purpose: that of a server shown by a client for example.
    WrongPurpose,
    /// It is signed wrongly, or by a method that is not accepted.
    BadSignature,
    /// It is not what the peer's domain publishes by DANE (RFC 7672).
    NotPublished,
    /// It is malformed, or something else is wrong with it.
    Malformed,
}

impl fmt::Display for CertificateProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoAuthority => "no CA to verify it with",
            Self::UnknownIssuer => "unknown issuer",
            Self::Expired => "expired",
            Self::NotYetValid => "not valid yet",
            Self::Revoked => "revoked",
            Self::RevocationUnknown => "no valid revocation list",
            Self::WrongName => "wrong name",
            Self::WrongPurpose => "wrong purpose",
            Self::BadSignature => "bad signature",
            Self::NotPublished => "not the one that DANE publishes",
            Self::Malformed => "malformed",
        })
    }
}
