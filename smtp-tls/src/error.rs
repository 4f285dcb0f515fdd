use std::io;

/// Why certificates and keys cannot be used.
///
/// Each names the file at fault, or what was given in its place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{origin}: {error}")]
    Read {
        /// The file.
        origin: String,
        /// What the system said.
        error: io::Error,
    },
    /// The text is no PEM.
    #[error("{origin}: malformed PEM: {problem}")]
    Pem {
        /// The file.
        origin: String,
        /// What is wrong.
        problem: String,
    },
    /// There is no `CERTIFICATE` in the PEM.
    #[error("{origin}: no certificate in it")]
    NoCertificate {
        /// The file.
        origin: String,
    },
    /// There is no `PRIVATE KEY` in the PEM.
    #[error("{origin}: no private key in it")]
    NoKey {
        /// The file.
        origin: String,
    },
    /// The private key asks for a passphrase.
    #[error("{origin}: the private key is encrypted, store it without a passphrase")]
    EncryptedKey {
        /// The file.
        origin: String,
    },
    /// The certificate is malformed or of a kind that is not supported.
    #[error("{origin}: unusable certificate: {problem}")]
    Certificate {
        /// The file.
        origin: String,
        /// What is wrong.
        problem: String,
    },
    /// The private key is malformed or of a kind that is not supported.
    #[error("{origin}: unusable private key: {problem}")]
    Key {
        /// The file.
        origin: String,
        /// What is wrong.
        problem: String,
    },
    /// The private key belongs to another certificate.
    #[error("{key}: the private key does not match the certificate in {certificate}")]
    KeyMismatch {
        /// The file of the certificate.
        certificate: String,
        /// The file of the key.
        key: String,
    },
    /// The certificates of a chain stand in the wrong order, or one between them is missing.
    #[error(
        "{origin}: the certificates are in the wrong order: the server's own comes first, and each stands \
         before that of its issuer"
    )]
    WrongOrder {
        /// The file.
        origin: String,
    },
    /// The time of the certificate is over.
    #[error("{origin}: the certificate has expired on {date}")]
    Expired {
        /// The file.
        origin: String,
        /// The last moment at which it was valid.
        date: String,
    },
    /// The time of the certificate has not come.
    #[error("{origin}: the certificate is not valid before {date}")]
    NotYetValid {
        /// The file.
        origin: String,
        /// The first moment at which it will be valid.
        date: String,
    },
    /// There is no server certificate at all.
    #[error("no certificate was given")]
    Nothing,
    /// There is no certificate of a CA where some should be.
    #[error("{origin}: no certificate of a CA in it")]
    NoAuthority {
        /// The file or folder.
        origin: String,
    },
    /// A revocation list cannot be used.
    #[error("{origin}: unusable revocation list: {problem}")]
    RevocationList {
        /// The file or folder.
        origin: String,
        /// What is wrong.
        problem: String,
    },
    /// There is no such cipher suite.
    #[error("{name} is no cipher suite that is spoken; there are {known}")]
    CipherSuite {
        /// The name.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// There is no such key exchange group.
    #[error("{name} is no key exchange group that is spoken; there are {known}")]
    Group {
        /// The name.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// A certificate cannot be made for this name.
    #[error("{name:?} is neither a host name nor an IP address")]
    Name {
        /// The name.
        name: String,
    },
    /// There is no library for the cryptography.
    #[error("no provider of cryptography: choose a feature of smtp-tls, or install one")]
    NoProvider,
    /// The TLS library failed for another reason.
    #[error("TLS: {problem}")]
    Library {
        /// What it said.
        problem: String,
    },
}

impl TlsError {
    pub(crate) fn library(error: impl std::fmt::Display) -> Self {
        Self::Library { problem: error.to_string() }
    }
}
