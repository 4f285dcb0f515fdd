use std::sync::Arc;

use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DistinguishedName, Error};

use crate::authority::Judge;
use crate::signature::verify_signatures;

/// Whether clients are asked for a certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientCertificates {
    /// They are not. The verdict is [`Verify::Not`](smtp_core::Verify::Not).
    #[default]
    Off,
    /// They are, and may have none or a bad one: the session goes on, and
    /// [`TlsInfo::verify`](smtp_core::TlsInfo::verify) says what came of it.
    Request,
    /// Who has no good one fails in the handshake.
    Require,
}

/// Takes any certificate whose key the client holds, and leaves the verdict for later; unless a good
/// one is required.
#[derive(Debug)]
pub(super) struct AnyHolder {
    pub(super) judge: Arc<Judge>,
    pub(super) required: bool,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
}

impl ClientCertVerifier for AnyHolder {
    fn client_auth_mandatory(&self) -> bool {
        self.required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.judge.hints()
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if self.required {
            let chain: Vec<_> = std::iter::once(own).chain(others).cloned().collect();
            self.judge.client(&chain)?;
        }
        Ok(ClientCertVerified::assertion())
    }

    verify_signatures!();
}
