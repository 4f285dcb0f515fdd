//! A client that sends what it is told, be it right or wrong.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

/// How long a server may be silent.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long it may take to greet. If a server dies before it accepts, the system can leave the client
/// with a connection to nobody, which nothing ever ends.
const GREETING: Duration = Duration::from_secs(5);

pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    /// Connects to a port of this computer and reads the greeting.
    pub(crate) fn connect(port: u16) -> std::io::Result<Self> {
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        socket.set_read_timeout(Some(GREETING))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let mut client = Self(BufReader::new(socket));
        client.reply()?;
        client.0.get_ref().set_read_timeout(Some(PATIENCE))?;
        Ok(client)
    }

    /// Sends the octets as they are.
    pub(crate) fn send(&mut self, octets: &[u8]) -> std::io::Result<()> {
        self.0.get_mut().write_all(octets)
    }

    /// Reads a whole reply. Empty where the server hung up.
    pub(crate) fn reply(&mut self) -> std::io::Result<String> {
        let mut reply = String::new();
        loop {
            let start = reply.len();
            if self.0.read_line(&mut reply)? == 0 || reply.as_bytes().get(start + 3) != Some(&b'-') {
                return Ok(reply);
            }
        }
    }

    /// Sends a command and reads its reply.
    pub(crate) fn command(&mut self, line: &str) -> std::io::Result<String> {
        self.send(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }
}
