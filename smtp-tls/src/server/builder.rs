use std::path::PathBuf;
use std::time::Duration;

use super::sources::Sources;
use super::{ClientCertificates, ServerTls};
use crate::certificate::{Pem, Source};
use crate::{Authorities, TlsError, TlsPolicy};

/// What makes a [`ServerTls`] that does more than show one certificate.
#[derive(Debug, Clone)]
#[must_use = "it does nothing until it is built"]
pub struct ServerTlsBuilder {
    sources: Sources,
    client_certificates: ClientCertificates,
    handshake_timeout: Duration,
    max_handshakes: usize,
}

impl ServerTlsBuilder {
    pub(super) fn new() -> Self {
        Self {
            sources: Sources::default(),
            client_certificates: ClientCertificates::Off,
            handshake_timeout: Duration::from_secs(30),
            max_handshakes: 500,
        }
    }

    /// Adds a certificate from PEM files: the certificate followed by those that lead to its root,
    /// and the private key (PKCS#8, PKCS#1 or SEC1). One file may hold both.
    ///
    /// A client that asks for a name (SNI) is shown the first certificate for it with a key of a kind
    /// that it can verify, so that a name may have an ECDSA and an RSA certificate. Who asks for no
    /// name, or for one without a certificate, is shown the first of all.
    pub fn certificate_files(mut self, certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.sources.pairs.push((Source::File(certificate.into()), Source::File(key.into())));
        self
    }

    /// Adds a certificate from PEM in memory.
    pub fn certificate_pem(mut self, certificate: &[u8], key: &[u8]) -> Self {
        let certificate = Source::Memory(Pem::new("certificate", certificate));
        self.sources.pairs.push((certificate, Source::Memory(Pem::new("key", key))));
        self
    }

    /// Whether clients are asked for a certificate; not by default.
    /// [`ServerTls::client_certificates`] makes another choice for single sessions.
    pub fn client_certificates(mut self, choice: ClientCertificates) -> Self {
        self.client_certificates = choice;
        self
    }

    /// The CAs that certificates of clients are verified with. Without any none is good.
    pub fn client_authorities(mut self, authorities: Authorities) -> Self {
        self.sources.authorities = authorities;
        self
    }

    /// What is spoken.
    pub fn policy(mut self, policy: TlsPolicy) -> Self {
        self.sources.policy = policy;
        self
    }

    /// Gives handshakes this much time instead of 30 seconds.
    pub fn handshake_timeout(mut self, limit: Duration) -> Self {
        self.handshake_timeout = limit;
        self
    }

    /// Lets so many handshakes be under way at once, 500 by default; further ones wait within their
    /// time.
    pub fn max_handshakes(mut self, handshakes: usize) -> Self {
        self.max_handshakes = handshakes;
        self
    }

    /// Reads everything. Blocks while it does.
    ///
    /// A certificate that is out of date, of X.509 version 1 or in front of another than its issuer
    /// is taken, with a warning in the log and among [`ServerTls::warnings`].
    ///
    /// # Errors
    /// If a file cannot be read, has not in it what it should, or if a key belongs to another
    /// certificate. The error names the file.
    pub fn build(self) -> Result<ServerTls, TlsError> {
        ServerTls::load(self.sources, self.client_certificates, self.handshake_timeout, self.max_handshakes)
    }
}
