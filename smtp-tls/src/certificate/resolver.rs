use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The same certificate for every client, whatever name it asks for.
#[derive(Debug)]
pub(crate) struct OneCertificate(Arc<CertifiedKey>);

impl OneCertificate {
    pub(crate) fn new(certificate: CertifiedKey) -> Self {
        Self(Arc::new(certificate))
    }
}

impl ResolvesServerCert for OneCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}
