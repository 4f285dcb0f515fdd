//! The client's end of the wire.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf};
use tokio::time::sleep;

use crate::case::{Case, Write};
use crate::session::Over;

pub(crate) struct Client {
    reader: ReadHalf<DuplexStream>,
    writer: WriteHalf<DuplexStream>,
    input: Vec<u8>,
    /// How it writes, over and over.
    writes: Vec<Write>,
    turn: usize,
    /// How many octets it writes before it leaves.
    left: usize,
    /// The server takes nothing more.
    closed: bool,
}

impl Client {
    pub(crate) fn new(io: DuplexStream, case: &Case) -> Self {
        let (reader, writer) = tokio::io::split(io);
        let left = case.leaves_after.unwrap_or(usize::MAX);
        Self { reader, writer, input: Vec::new(), writes: case.writes.clone(), turn: 0, left, closed: false }
    }

    /// Sends octets, unless the server closed the connection: that shows when replies are read.
    pub(crate) async fn send(&mut self, mut octets: &[u8]) -> Result<(), Over> {
        while !octets.is_empty() && !self.closed {
            if self.left == 0 {
                return Err(Over::Left);
            }
            let Write { size, pause } = self.writes[self.turn % self.writes.len()];
            self.turn += 1;
            let size = size.min(octets.len()).min(self.left);
            let mut piece = [0; 512];
            // Who does not read while writing may wait forever.
            tokio::select! {
                biased;
                written = self.writer.write(&octets[..size]) => match written {
                    Ok(count) => {
                        octets = &octets[count..];
                        self.left -= count;
                    }
                    Err(_) => self.closed = true,
                },
                read = self.reader.read(&mut piece) => self.received(&piece[..read.unwrap_or(0)]),
            }
            match pause {
                None => {}
                Some(0) => tokio::task::yield_now().await,
                Some(milliseconds) => sleep(Duration::from_millis(milliseconds)).await,
            }
        }
        Ok(())
    }

    /// Takes what was read: nothing at the end of the connection.
    fn received(&mut self, octets: &[u8]) {
        self.closed |= octets.is_empty();
        self.input.extend_from_slice(octets);
    }

    /// Whether everything that was sent was taken.
    pub(crate) fn is_open(&self) -> bool {
        !self.closed
    }

    /// Sends nothing more, but still reads.
    pub(crate) async fn end_writing(&mut self) {
        // The server may have closed before.
        let _ = self.writer.shutdown().await;
    }

    /// The code of the next reply; `None` at the end of the connection.
    pub(crate) async fn reply(&mut self) -> Option<u16> {
        let first = self.line().await?;
        let code = code(&first);
        let mut line = first;
        while line[3] == b'-' {
            line = self.line().await.expect("the rest of a reply");
            assert_eq!(code, self::code(&line), "a reply of several codes");
        }
        Some(code)
    }

    /// A line of a reply without its CRLF.
    async fn line(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(end) = self.input.windows(2).position(|pair| pair == b"\r\n") {
                let rest = self.input.split_off(end + 2);
                let mut line = std::mem::replace(&mut self.input, rest);
                line.truncate(end);
                return Some(line);
            }
            let mut piece = [0; 512];
            match self.reader.read(&mut piece).await {
                Ok(count @ 1..) => self.input.extend_from_slice(&piece[..count]),
                _ => {
                    assert!(self.input.is_empty(), "a line without end: {:?}", self.input.escape_ascii());
                    return None;
                }
            }
        }
    }
}

fn code(line: &[u8]) -> u16 {
    let text = std::str::from_utf8(line).expect("ASCII");
    let is_reply = matches!(line, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9', b' ' | b'-', ..]);
    let is_printable = line.iter().all(|octet| matches!(octet, b' '..=b'~'));
    assert!(is_reply && is_printable && line.len() <= 510, "no line of a reply: {text:?}");
    text[..3].parse().expect("three digits")
}
