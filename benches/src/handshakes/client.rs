use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::ValueEnum;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, HandshakeKind, SignatureScheme};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

/// Open at once. No more: a ticket is good for one session, and few are kept.
const SESSIONS: usize = 4;

/// Which handshakes are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Whole ones.
    Full,
    /// Of sessions that are resumed.
    Resumed,
}

/// Sessions of one server that consist of a handshake and little else: EHLO, STARTTLS, EHLO, QUIT.
///
/// TLS 1.3 with X25519, so that servers without post-quantum groups do the same work.
#[derive(Debug)]
pub struct Handshakes {
    server: SocketAddr,
    kind: Kind,
    config: Arc<ClientConfig>,
    left: AtomicU64,
    as_asked: AtomicU64,
}

impl Handshakes {
    /// So many with this server.
    ///
    /// # Errors
    /// If the TLS library lacks what is needed.
    pub fn new(server: SocketAddr, kind: Kind, count: u64) -> Result<Self, Error> {
        let mut provider = aws_lc_rs::default_provider();
        provider.kx_groups = vec![aws_lc_rs::kx_group::X25519];
        let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyServer(aws_lc_rs::default_provider())))
            .with_no_client_auth();
        if kind == Kind::Full {
            config.resumption = Resumption::disabled();
        }
        Ok(Self {
            server,
            kind,
            config: Arc::new(config),
            left: AtomicU64::new(count),
            as_asked: AtomicU64::new(0),
        })
    }

    /// Makes them, and tells how many were of the kind that was asked for: a server may resume nothing.
    ///
    /// # Errors
    /// The first one that any session meets.
    pub async fn run(self) -> io::Result<u64> {
        let this = Arc::new(self);
        // Somebody has to begin what is to be resumed.
        for _ in 0..SESSIONS {
            this.session().await?;
        }
        let mut sessions = JoinSet::new();
        for _ in 0..SESSIONS {
            let this = Arc::clone(&this);
            sessions.spawn(async move {
                let one_less = |left: u64| left.checked_sub(1);
                while this.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
                    let resumed = this.session().await?;
                    if resumed == (this.kind == Kind::Resumed) {
                        this.as_asked.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Ok::<_, io::Error>(())
            });
        }
        while let Some(ended) = sessions.join_next().await {
            ended.map_err(io::Error::other)??;
        }
        Ok(this.as_asked.load(Ordering::Relaxed))
    }

    /// One session; whether it resumed another.
    async fn session(&self) -> io::Result<bool> {
        let stream = TcpStream::connect(self.server).await?;
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        expect(&mut stream, b"220").await?;
        command(&mut stream, b"EHLO client.example\r\n", b"250").await?;
        command(&mut stream, b"STARTTLS\r\n", b"220").await?;
        let name = ServerName::try_from("example.org").map_err(io::Error::other)?;
        let stream = TlsConnector::from(Arc::clone(&self.config)).connect(name, stream.into_inner()).await?;
        let mut stream = BufReader::new(stream);
        command(&mut stream, b"EHLO client.example\r\n", b"250").await?;
        command(&mut stream, b"QUIT\r\n", b"221").await?;
        Ok(stream.get_ref().get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed))
    }
}

async fn command(
    stream: &mut (impl AsyncBufRead + AsyncWrite + Unpin),
    line: &[u8],
    code: &[u8],
) -> io::Result<()> {
    stream.write_all(line).await?;
    stream.flush().await?;
    expect(stream, code).await
}

async fn expect(stream: &mut (impl AsyncBufRead + Unpin), code: &[u8]) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 || !line.starts_with(code) {
            return Err(io::Error::other(String::from_utf8_lossy(&line).into_owned()));
        }
        if line.get(3) != Some(&b'-') {
            return Ok(());
        }
    }
}

/// Whoever it is: what is measured is the server.
#[derive(Debug)]
struct AnyServer(CryptoProvider);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
