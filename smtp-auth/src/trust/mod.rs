//! Which servers are trusted that a store asks over TLS.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// The certificate authorities that may vouch for a server.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum TrustedRoots {
    /// Those that browsers trust, as they were when this program was built.
    #[default]
    Web,
    /// Those of the operating system, as they are when the store is made.
    System,
    /// Those in this file, in PEM: a site's own authority, or a self-signed certificate itself.
    File(PathBuf),
}

/// The certificates to trust cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{origin}: {error}")]
pub struct TrustError {
    origin: String,
    #[source]
    error: io::Error,
}

impl TrustError {
    fn new(origin: impl Into<String>, error: impl Into<smtp_core::BoxError>) -> Self {
        Self { origin: origin.into(), error: io::Error::other(error) }
    }
}

impl TrustedRoots {
    /// How to speak TLS with servers that these vouch for.
    pub(crate) fn client_config(&self) -> Result<ClientConfig, TrustError> {
        let roots = match self {
            Self::Web => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
            Self::System => of_system()?,
            Self::File(path) => of_file(path)?,
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TrustError::new("TLS", error))?;
        Ok(config.with_root_certificates(roots).with_no_client_auth())
    }
}

fn of_system() -> Result<RootCertStore, TrustError> {
    let found = rustls_native_certs::load_native_certs();
    // Whoever only they vouch for is not trusted, which is as safe as it can be.
    for error in &found.errors {
        tracing::warn!(%error, "certificate authorities of the system cannot be read");
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    not_empty(roots, "the operating system")
}

fn of_file(path: &Path) -> Result<RootCertStore, TrustError> {
    let origin = path.display().to_string();
    let pem = std::fs::read(path).map_err(|error| TrustError::new(&origin, error))?;
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        // The library's texts quote the file, which may hold a key too.
        let certificate = certificate.map_err(|_| TrustError::new(&origin, "malformed PEM"))?;
        roots.add(certificate).map_err(|error| TrustError::new(&origin, error))?;
    }
    not_empty(roots, &origin)
}

fn not_empty(roots: RootCertStore, origin: &str) -> Result<RootCertStore, TrustError> {
    if roots.is_empty() {
        return Err(TrustError::new(origin, "no certificate authority in it"));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_are_read_or_an_error_names_the_file() {
        assert!(TrustedRoots::Web.client_config().is_ok());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("roots.pem");
        let refusal = || TrustedRoots::File(path.clone()).client_config().unwrap_err().to_string();
        assert!(refusal().contains("roots.pem"), "{}", refusal());
        std::fs::write(&path, "nothing\n").unwrap();
        assert!(refusal().contains("no certificate authority"), "{}", refusal());
        for broken in ["AAAA\n-----END CERTIFICATE-----\n", "secret"] {
            std::fs::write(&path, format!("-----BEGIN CERTIFICATE-----\n{broken}")).unwrap();
            assert!(refusal().contains("roots.pem") && !refusal().contains("secret"), "{}", refusal());
        }
    }
}
