use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use smtp_server::BoxError;
use smtp_server::tls::SelfSigned;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// Serves STARTTLS by rustls and tokio alone, with constants for answers.
///
/// # Errors
/// Those of the listener.
pub async fn serve(listener: TcpListener) -> Result<(), BoxError> {
    let made = SelfSigned::generate(&["example.org"])?;
    let certificate = PemObject::from_pem_slice(made.certificate_pem.as_bytes())?;
    let key = PrivateKeyDer::from_pem_slice(made.key_pem.expose())?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    config.ticketer = aws_lc_rs::Ticketer::new()?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    loop {
        let (stream, _) = listener.accept().await?;
        tokio::spawn(session(stream, acceptor.clone()));
    }
}

async fn session(stream: TcpStream, acceptor: TlsAcceptor) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (mut stream, mut line) = (BufReader::new(stream), Vec::new());
    stream.write_all(b"220 floor ESMTP\r\n").await?;
    for answer in [&b"250-floor\r\n250 STARTTLS\r\n"[..], b"220 2.0.0 ready\r\n"] {
        stream.read_until(b'\n', &mut line).await?;
        stream.write_all(answer).await?;
    }
    let mut stream = BufReader::new(acceptor.accept(stream.into_inner()).await?);
    for answer in [&b"250 floor\r\n"[..], b"221 2.0.0 bye\r\n"] {
        stream.read_until(b'\n', &mut line).await?;
        stream.write_all(answer).await?;
        stream.flush().await?;
    }
    stream.shutdown().await
}
