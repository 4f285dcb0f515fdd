use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::ValueEnum;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{Client, chunked, stuffed};

/// How the commands of a message are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Style {
    /// Each command waits for the reply to the one before.
    Lockstep,
    /// MAIL, RCPT and DATA go in one write, then the content.
    Pipelined,
    /// The content and the next MAIL, RCPT and DATA go in one write.
    Streamed,
    /// MAIL and RCPT in one write, then the content by BDAT, each chunk waiting for its reply.
    Bdat,
}

/// What is sent, and how.
#[derive(Debug)]
pub struct Load {
    /// The server's address.
    pub server: SocketAddr,
    /// The sender.
    pub from: String,
    /// The recipient.
    pub to: String,
    /// Messages in all.
    pub messages: u64,
    /// Connections open at the same time.
    pub sessions: usize,
    /// Messages on one connection at most; 0 stands for any number.
    pub per_connection: u64,
    /// How commands are sent.
    pub style: Style,
    /// Octets in a chunk of BDAT.
    pub chunk: usize,
    /// The content.
    pub content: Vec<u8>,
}

/// Connections that are made at the same time. More than a listener's backlog holds would be lost
/// for seconds, and that is not what is to be measured.
const CONNECTING: usize = 64;

/// The load as octets for the wire.
struct Wire {
    server: SocketAddr,
    mail: Vec<u8>,
    rcpt: Vec<u8>,
    /// MAIL, RCPT and what follows them in the same write.
    envelope: Vec<u8>,
    content: Vec<u8>,
    content_and_envelope: Vec<u8>,
    chunks: Vec<Vec<u8>>,
    style: Style,
    per_connection: u64,
    remaining: AtomicU64,
    connecting: Semaphore,
}

impl Wire {
    fn new(load: &Load) -> Self {
        let mail = format!("MAIL FROM:<{}>\r\n", load.from).into_bytes();
        let rcpt = format!("RCPT TO:<{}>\r\n", load.to).into_bytes();
        let bdat = load.style == Style::Bdat;
        let data: &[u8] = if bdat { b"" } else { b"DATA\r\n" };
        let envelope = [&mail[..], &rcpt, data].concat();
        let content = if bdat { Vec::new() } else { stuffed(&load.content) };
        let content_and_envelope = [&content[..], &envelope].concat();
        let chunks = if bdat { chunked(&load.content, load.chunk) } else { Vec::new() };
        Self {
            server: load.server,
            mail,
            rcpt,
            envelope,
            content,
            content_and_envelope,
            chunks,
            style: load.style,
            per_connection: if load.per_connection == 0 { u64::MAX } else { load.per_connection },
            remaining: AtomicU64::new(load.messages),
            connecting: Semaphore::new(CONNECTING),
        }
    }

    async fn connect(&self) -> io::Result<Client> {
        let _turn = self.connecting.acquire().await.map_err(io::Error::other)?;
        Client::connect(self.server).await
    }

    /// Whether one more message is to be sent; it then counts as sent.
    fn take(&self) -> bool {
        let one_less = |remaining: u64| remaining.checked_sub(1);
        self.remaining.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }
}

/// Sends all messages.
///
/// # Errors
/// The first one that any session meets.
pub async fn run(load: &Load) -> io::Result<()> {
    let wire = Arc::new(Wire::new(load));
    let mut sessions = JoinSet::new();
    for _ in 0..load.sessions {
        sessions.spawn(session(Arc::clone(&wire)));
    }
    while let Some(ended) = sessions.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    Ok(())
}

/// One connection after the other, until no message is left.
async fn session(wire: Arc<Wire>) -> io::Result<()> {
    while wire.take() {
        let mut client = wire.connect().await?;
        match wire.style {
            Style::Streamed => streamed(&wire, &mut client).await?,
            _ => one_by_one(&wire, &mut client).await?,
        }
        client.quit().await?;
    }
    Ok(())
}

/// Sends the message that was taken, and more as long as there are any for this connection.
async fn one_by_one(wire: &Wire, client: &mut Client) -> io::Result<()> {
    let mut sent = 0;
    loop {
        match wire.style {
            Style::Bdat => bdat(wire, client).await?,
            Style::Pipelined => {
                client.send(&wire.envelope).await?;
                envelope_accepted(client).await?;
                client.command(&wire.content, 250).await?;
            }
            _ => lockstep(wire, client).await?,
        }
        sent += 1;
        if sent == wire.per_connection || !wire.take() {
            return Ok(());
        }
    }
}

async fn lockstep(wire: &Wire, client: &mut Client) -> io::Result<()> {
    client.command(&wire.mail, 250).await?;
    client.command(&wire.rcpt, 250).await?;
    client.command(b"DATA\r\n", 354).await?;
    client.command(&wire.content, 250).await
}

async fn envelope_accepted(client: &mut Client) -> io::Result<()> {
    for code in [250, 250, 354] {
        client.expect(code).await?;
    }
    Ok(())
}

async fn bdat(wire: &Wire, client: &mut Client) -> io::Result<()> {
    client.send(&wire.envelope).await?;
    client.expect(250).await?;
    client.expect(250).await?;
    for chunk in &wire.chunks {
        client.command(chunk, 250).await?;
    }
    Ok(())
}

async fn streamed(wire: &Wire, client: &mut Client) -> io::Result<()> {
    client.send(&wire.envelope).await?;
    let mut sent = 1;
    loop {
        envelope_accepted(client).await?;
        if sent == wire.per_connection || !wire.take() {
            return client.command(&wire.content, 250).await;
        }
        client.command(&wire.content_and_envelope, 250).await?;
        sent += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::floor;
    use crate::load::{Shape, message};
    use tokio::net::TcpListener;

    /// Connections that the floor saw while the load ran.
    async fn connections(style: Style, per_connection: u64) -> u64 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        let count = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&count);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                seen.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(floor::serve(stream, floor::Dropped));
            }
        });
        let (from, to) = ("a@example.com".to_owned(), "b@example.org".to_owned());
        let content = message(Shape::Dotty, 100_000);
        let load = Load {
            server,
            from,
            to,
            messages: 12,
            sessions: 1,
            per_connection,
            style,
            chunk: 30_000,
            content,
        };
        run(&load).await.unwrap();
        count.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn every_style_is_understood_and_connections_are_kept_as_asked() {
        for style in [Style::Lockstep, Style::Pipelined, Style::Streamed, Style::Bdat] {
            assert_eq!(connections(style, 0).await, 1, "{style:?}");
            assert_eq!(connections(style, 1).await, 12, "{style:?}");
            assert_eq!(connections(style, 5).await, 3, "{style:?}");
        }
    }
}
