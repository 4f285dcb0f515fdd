use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use smtp_server::testing::{connect, connect_with, info, transcript};
use smtp_server::tls::{SelfSigned, ServerTls};
use smtp_server::{Dialect, SmtpService, Upgrade};
use tokio::io::DuplexStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How a client reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Plain,
    StartTls,
    Implicit,
    Lmtp,
}

impl Transport {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::StartTls => "starttls",
            Self::Implicit => "implicit",
            Self::Lmtp => "lmtp",
        }
    }

    /// A client that has read the greeting, and shaken hands where that is due.
    pub(crate) async fn connect(
        self,
        certificate: &Certificate,
        tls: ServerTls,
        stack: impl SmtpService,
    ) -> smtp_server::Transport {
        match self {
            Self::Plain => smtp_server::Transport::new(transcript(connect(stack), "S: 220 ...").await),
            Self::Lmtp => {
                let client = connect_with(info().dialect(Dialect::Lmtp), stack);
                smtp_server::Transport::new(transcript(client, "S: 220 ...").await)
            }
            Self::StartTls => {
                let before = "S: 220 ...\nC: EHLO client.example\nS: 250*\nC: STARTTLS\nS: 220 2.0.0 ...";
                let client = transcript(connect(stack), before).await;
                smtp_server::Transport::new(certificate.shake_hands(client).await)
            }
            Self::Implicit => {
                let (client, server) = tokio::io::duplex(64 * 1024);
                let upgrade = tls.upgrade(smtp_server::Transport::new(server));
                let (client, upgraded) = tokio::join!(certificate.shake_hands(client), upgrade);
                let upgraded = upgraded.expect("a handshake");
                let server = connect_with(info().tls(upgraded.tls), stack);
                // Joins the handshake's stream with the one that the server reads.
                let mut ends = (upgraded.transport, server);
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut ends.0, &mut ends.1).await });
                smtp_server::Transport::new(transcript(client, "S: 220 ...").await)
            }
        }
    }
}

/// A server's certificate, and what clients that trust it need.
pub(crate) struct Certificate {
    server: ServerTls,
    client: Arc<ClientConfig>,
}

impl Certificate {
    pub(crate) fn generate() -> Self {
        let issued = SelfSigned::generate(&["server.example"]).expect("a certificate");
        let mut roots = RootCertStore::empty();
        let der = CertificateDer::from_pem_slice(issued.certificate_pem.as_bytes()).expect("PEM");
        roots.add(der).expect("a certificate");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let server = ServerTls::from_pem(issued.certificate_pem.as_bytes(), issued.key_pem.expose())
            .expect("a certificate and its key");
        Self { server, client: Arc::new(client) }
    }

    pub(crate) fn server(&self) -> ServerTls {
        self.server.clone()
    }

    async fn shake_hands(&self, client: DuplexStream) -> TlsStream<DuplexStream> {
        let name = ServerName::try_from("server.example").expect("a name");
        TlsConnector::from(self.client.clone()).connect(name, client).await.expect("a handshake")
    }
}
