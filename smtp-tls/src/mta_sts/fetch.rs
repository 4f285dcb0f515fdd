use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use smtp_core::BoxError;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// The longest policy that is read (RFC 8461 section 3.3 suggests it).
const MAX_POLICY: usize = 64 * 1024;
/// How long one of several addresses may be silent before the next one is tried.
const PATIENCE: Duration = Duration::from_secs(10);

/// Fetches the text of a policy by HTTPS (RFC 8461 section 3.3): from the host itself, since
/// redirections are not followed.
pub(super) async fn policy(
    host: &str,
    addresses: &[SocketAddr],
    config: &Arc<ClientConfig>,
) -> Result<String, BoxError> {
    let stream = connect(addresses).await?;
    let name = ServerName::try_from(host.to_owned())?;
    let stream = TlsConnector::from(Arc::clone(config)).connect(name, stream).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get("/.well-known/mta-sts.txt")
        .header(HOST, host)
        .header(USER_AGENT, "smtp-tls")
        .body(Empty::<Bytes>::new())?;
    let answer = async {
        let response = sender.send_request(request).await?;
        if response.status() != 200 {
            return Err(format!("the answer is {}", response.status()).into());
        }
        let kind =
            response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("text/plain") {
            return Err("the answer is no plain text".into());
        }
        let text = Limited::new(response.into_body(), MAX_POLICY).collect().await?.to_bytes();
        Ok::<_, BoxError>(String::from_utf8(text.into())?)
    };
    tokio::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        // It ends when all was read; what was read still has to be looked at.
        ended = connection => {
            ended?;
            answer.await
        }
    }
}

async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for address in addresses {
        match timeout(PATIENCE, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => last = error,
            Err(elapsed) => last = elapsed.into(),
        }
    }
    Err(last)
}
