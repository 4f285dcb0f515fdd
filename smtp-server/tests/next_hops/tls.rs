//! A certificate for a next hop, and a client that trusts it alone.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use smtp_server::tls::SelfSigned;
use smtp_server::{BoxError, TlsInfo, Transport, Upgrade, Upgraded, Verify};
use tempfile::TempDir;
use tokio_rustls::TlsConnector;

pub(crate) struct Identity {
    folder: TempDir,
    client: TlsConnector,
    name: ServerName<'static>,
}

impl Identity {
    pub(crate) fn new(name: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let issued = SelfSigned::generate(&[name]).expect("a certificate");
        // Servers give up being root before they read it.
        let pem = [issued.key_pem.expose(), issued.certificate_pem.as_bytes()].concat();
        std::fs::write(folder.path().join("identity.pem"), pem).expect("a file");
        crate::program::open(folder.path());
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes()).expect("PEM");
        roots.add(certificate).expect("a root");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(name).expect("a name");
        Self { folder, client: TlsConnector::from(Arc::new(config)), name }
    }

    /// The file of key and certificate.
    pub(crate) fn pem(&self) -> PathBuf {
        self.folder.path().join("identity.pem")
    }

    pub(crate) fn client(&self) -> Arc<dyn Upgrade> {
        let (client, name) = (self.client.clone(), self.name.clone());
        Arc::new(move |transport| {
            let handshake = client.connect(name.clone(), transport);
            async move {
                let stream = handshake.await?;
                let mut tls = TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256);
                tls.verify = Verify::Ok;
                Ok::<_, BoxError>(Upgraded { transport: Transport::new(stream), tls: Arc::new(tls) })
            }
        })
    }
}
