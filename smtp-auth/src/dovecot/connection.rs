use std::io;
use std::path::Path;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Take};
use tokio::net::UnixStream;

use super::handshake::{self, Handshake};
use super::reply::{self, Reply};
use super::request::Request;

/// All that is read from one connection: lines of a handshake and one reply.
const LONGEST: u64 = 64 * 1024;

/// Why there was no reply.
#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectionError {
    #[error("Dovecot is not there: {0}")]
    Connect(io::Error),
    #[error("Dovecot does not answer: {0}")]
    Transport(#[from] io::Error),
    #[error("Dovecot hung up")]
    HungUp,
    #[error("what answers is not Dovecot: {0}")]
    Protocol(&'static str),
    #[error("Dovecot has no mechanism PLAIN: add it to auth_mechanisms")]
    NoPlain,
}

/// A connection to the authentication server, behind the handshake.
pub(super) struct Connection {
    stream: BufReader<Take<UnixStream>>,
}

impl Connection {
    pub(super) async fn open(socket: &Path) -> Result<Self, ConnectionError> {
        let stream = UnixStream::connect(socket).await.map_err(ConnectionError::Connect)?;
        let mut connection = Self { stream: BufReader::new(stream.take(LONGEST)) };
        connection.send(handshake::hello(random_id()).as_bytes()).await?;
        let mut handshake = Handshake::default();
        while !handshake.read(&connection.line().await?)? {}
        Ok(connection)
    }

    pub(super) async fn ask(&mut self, request: &Request) -> Result<Reply, ConnectionError> {
        self.send(request.octets()).await?;
        reply::parse(&self.line().await?).ok_or(ConnectionError::Protocol("a reply that makes no sense"))
    }

    async fn send(&mut self, octets: &[u8]) -> Result<(), ConnectionError> {
        Ok(self.stream.get_mut().get_mut().write_all(octets).await?)
    }

    async fn line(&mut self) -> Result<Vec<u8>, ConnectionError> {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).await?;
        match line.pop() {
            Some(b'\n') => Ok(line),
            _ if self.stream.get_ref().limit() == 0 => Err(ConnectionError::Protocol("it says too much")),
            _ => Err(ConnectionError::HungUp),
        }
    }
}

/// What tells this connection from others. Most programs give their process id, and Dovecot refuses
/// one that it has seen; this one is higher than those go.
fn random_id() -> u32 {
    const HIGHEST_PROCESS_ID: u32 = 1 << 22;
    rand::random_range(HIGHEST_PROCESS_ID + 1..=i32::MAX.unsigned_abs())
}
