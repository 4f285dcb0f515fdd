use std::fmt;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, Error};
use smtp_core::{CertificateProblem, Verify};

use crate::authority::{Judge, verdict};

/// What a server's certificate is held against.
#[derive(Clone)]
pub(super) enum Reference {
    /// The CAs that are trusted, and the names of which one has to be in it.
    Names { judge: Arc<Judge>, names: Vec<ServerName<'static>> },
    /// What the domain publishes.
    #[cfg(feature = "dane")]
    Dane(Arc<crate::dane::Records>),
}

impl Reference {
    pub(super) fn check(&self, chain: &[CertificateDer<'_>]) -> Result<(), Error> {
        match self {
            Self::Names { judge, names } => {
                let mut result = Err(CertificateError::NotValidForName.into());
                for name in names {
                    result = judge.server(chain, name);
                    if !matches!(&result, Err(error) if is_wrong_name(error)) {
                        break;
                    }
                }
                result
            }
            #[cfg(feature = "dane")]
            Self::Dane(records) => records.check(chain),
        }
    }

    pub(super) fn verify(&self, chain: &[CertificateDer<'_>]) -> (Verify, Option<CertificateProblem>) {
        match self {
            Self::Names { judge, .. } if judge.knows_nobody() => {
                (Verify::Fail, Some(CertificateProblem::NoAuthority))
            }
            _ => verdict(self.check(chain)),
        }
    }
}

fn is_wrong_name(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Names { names, .. } => f.debug_tuple("Names").field(names).finish(),
            #[cfg(feature = "dane")]
            Self::Dane(records) => records.fmt(f),
        }
    }
}
