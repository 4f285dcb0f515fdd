use std::fs;
use std::path::{Path, PathBuf};

use rustls::pki_types::pem::{Error, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use smtp_core::Secret;

use crate::TlsError;

/// Where PEM text comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    File(PathBuf),
    /// It was given, and does not change.
    Memory(Pem),
}

impl Source {
    pub(crate) fn read(&self) -> Result<Pem, TlsError> {
        match self {
            Self::File(path) => Pem::from_file(path),
            Self::Memory(pem) => Ok(pem.clone()),
        }
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Memory(_) => None,
        }
    }
}

/// PEM text and where it comes from. It may hold a key, so it does not print.
#[derive(Debug, Clone)]
pub(crate) struct Pem {
    origin: String,
    text: Secret,
}

impl Pem {
    pub(crate) fn new(origin: &str, text: &[u8]) -> Self {
        Self { origin: origin.to_owned(), text: Secret::new(text.to_vec()) }
    }

    pub(crate) fn from_file(path: &Path) -> Result<Self, TlsError> {
        let origin = path.display().to_string();
        match fs::read(path) {
            Ok(text) => Ok(Self { origin, text: Secret::new(text) }),
            Err(error) => Err(TlsError::Read { origin, error }),
        }
    }

    /// The file, or what was given in its place.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// All certificates in their order: the server's own, then those that lead to its root.
    pub(crate) fn certificates(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(self.text.expose()).collect();
        match found {
            Ok(found) if found.is_empty() => Err(TlsError::NoCertificate { origin: self.origin.clone() }),
            Ok(found) => Ok(found),
            Err(error) => Err(self.malformed(&error)),
        }
    }

    /// All revocation lists; none if there are none.
    pub(crate) fn revocation_lists(&self) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
        CertificateRevocationListDer::pem_slice_iter(self.text.expose())
            .collect::<Result<_, _>>()
            .map_err(|error| self.malformed(&error))
    }

    /// The first private key: PKCS#8, PKCS#1 or SEC1.
    pub(super) fn private_key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        PrivateKeyDer::from_pem_slice(self.text.expose()).map_err(|error| match error {
            _ if self.is_encrypted() => TlsError::EncryptedKey { origin: self.origin.clone() },
            Error::NoItemsFound => TlsError::NoKey { origin: self.origin.clone() },
            error => self.malformed(&error),
        })
    }

    /// Whether it has a header of a key with a passphrase, of the present or the older form.
    fn is_encrypted(&self) -> bool {
        self.text.expose_str().is_some_and(|text| {
            text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED")
        })
    }

    fn malformed(&self, error: &Error) -> TlsError {
        // The library's texts quote lines of the file, which might be lines of the key.
        let problem = match error {
            Error::MissingSectionEnd { .. } => "an END line is missing",
            Error::IllegalSectionStart { .. } => "a BEGIN line is malformed",
            Error::Base64Decode(_) => "not base64",
            _ => "cannot be read",
        };
        TlsError::Pem { origin: self.origin.clone(), problem: problem.to_owned() }
    }
}
