use rustls::Error;
use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::reference::Reference;
use crate::signature::verify_signatures;

/// Takes a certificate that stands up to the reference, or any whose key the server holds where there
/// is none.
#[derive(Debug)]
pub(super) struct ServerVerifier {
    pub(super) demanded: Option<Reference>,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if let Some(reference) = &self.demanded {
            let chain: Vec<_> = std::iter::once(own).chain(others).cloned().collect();
            reference.check(&chain)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    verify_signatures!();
}
