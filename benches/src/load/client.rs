use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// One connection to the server under load.
#[derive(Debug)]
pub struct Client {
    replies: BufReader<OwnedReadHalf>,
    commands: OwnedWriteHalf,
    line: Vec<u8>,
}

impl Client {
    /// Connects and greets.
    ///
    /// # Errors
    /// If the server cannot be reached or turns the client away.
    pub async fn connect(server: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(server).await?;
        stream.set_nodelay(true)?;
        let (replies, commands) = stream.into_split();
        let mut client = Self { replies: BufReader::new(replies), commands, line: Vec::new() };
        client.expect(220).await?;
        client.command(b"EHLO client.example\r\n", 250).await?;
        Ok(client)
    }

    /// Sends octets and waits for a reply with this code.
    ///
    /// # Errors
    /// If another reply comes, or none.
    pub async fn command(&mut self, octets: &[u8], code: u16) -> io::Result<()> {
        self.send(octets).await?;
        self.expect(code).await
    }

    /// Sends octets and does not wait.
    ///
    /// # Errors
    /// Those of the connection.
    pub async fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.commands.write_all(octets).await
    }

    /// Reads one reply, of one line or of several.
    ///
    /// # Errors
    /// If its code is another one.
    pub async fn expect(&mut self, code: u16) -> io::Result<()> {
        loop {
            self.line.clear();
            self.replies.read_until(b'\n', &mut self.line).await?;
            if self.line.get(3) != Some(&b'-') {
                break;
            }
        }
        let found = self.line.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        if found.and_then(|digits| digits.parse().ok()) == Some(code) {
            return Ok(());
        }
        let line = String::from_utf8_lossy(&self.line);
        Err(io::Error::other(format!("expected {code}, the server said {:?}", line.trim_end())))
    }

    /// Says goodbye and waits until the server has closed.
    ///
    /// # Errors
    /// If the server answers anything but 221.
    pub async fn quit(mut self) -> io::Result<()> {
        self.command(b"QUIT\r\n", 221).await?;
        self.replies.read_to_end(&mut self.line).await?;
        Ok(())
    }
}
