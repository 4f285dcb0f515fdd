mod certificates;
mod clients;
mod handshake;
mod reload;

use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use smtp_core::{BoxError, Transport, Upgrade, Upgraded};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{ServerTls, TlsPolicy};

/// A server, and a configuration of clients that trust it.
fn pair(version: &'static SupportedProtocolVersion) -> (ServerTls, ClientConfig) {
    let issued = rcgen::generate_simple_self_signed(["mx.example.org".to_owned()]).unwrap();
    let (certificate, key) = (issued.cert.pem(), issued.signing_key.serialize_pem());
    let client = client(version, &certificate, None);
    (ServerTls::from_pem(certificate.as_bytes(), key.as_bytes()).unwrap(), client)
}

/// Clients that trust this certificate or CA, with a certificate and a key of their own.
fn client(
    version: &'static SupportedProtocolVersion,
    trusted: &str,
    own: Option<&(String, String)>,
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap()).unwrap();
    let builder = ClientConfig::builder_with_provider(TlsPolicy::default().provider().unwrap())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots);
    let Some((certificate, key)) = own else { return builder.with_no_client_auth() };
    let chain = CertificateDer::pem_slice_iter(certificate.as_bytes()).map(Result::unwrap).collect();
    builder.with_client_auth_cert(chain, PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap()).unwrap()
}

/// Both ends of a session in which each has heard of the other.
async fn connect(server: &ServerTls, client: &ClientConfig) -> (Upgraded, TlsStream<DuplexStream>) {
    connect_to("mx.example.org", server, client).await.unwrap()
}

/// The same with a server of this name; the server's error if there is one.
async fn connect_to(
    name: &'static str,
    server: &ServerTls,
    client: &ClientConfig,
) -> Result<(Upgraded, TlsStream<DuplexStream>), BoxError> {
    let (near, far) = duplex(64 * 1024);
    let name = ServerName::try_from(name).unwrap();
    // A clone has the same memory of sessions.
    let connector = TlsConnector::from(Arc::new(client.clone()));
    let (upgraded, connected) =
        tokio::join!(server.upgrade(Transport::new(near)), connector.connect(name, far));
    let (mut upgraded, mut connected) = (upgraded?, connected?);
    let mut buffer = [0; 5];
    upgraded.transport.write_all(b"hello").await?;
    upgraded.transport.flush().await?;
    connected.read_exact(&mut buffer).await?;
    connected.write_all(&buffer).await?;
    connected.flush().await?;
    upgraded.transport.read_exact(&mut buffer).await?;
    assert_eq!(&buffer, b"hello");
    Ok((upgraded, connected))
}
