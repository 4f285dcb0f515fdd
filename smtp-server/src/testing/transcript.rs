use std::panic::Location;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::as_lmtp::AsLmtp;

/// Plays the client of a session and checks what the server says.
///
/// A script has one line for each line on the wire: `C: ` from the client, `S: ` from the server.
/// Lines of the client that follow each other go out in one write. An expected line that ends in
/// `...` may go on as it likes; `S: 250*` stands for all lines of one reply with this code.
/// `S: (closed)` expects the end of the connection. Blank lines and lines that begin with `#` are
/// for the reader; indentation does not count.
///
/// In client lines `\r`, `\n`, `\0` and `\\` stand for these octets; each line gets a CRLF unless
/// it ends in `\`.
///
/// Gives the stream back, for what follows.
///
/// # Panics
/// If the server says anything else, with the script's line and what came instead.
#[track_caller]
pub fn transcript<Io: AsyncRead + AsyncWrite + Unpin>(io: Io, script: &str) -> impl Future<Output = Io> {
    let mut transcript = Transcript { caller: Location::caller(), ..Transcript::new(io) };
    async move {
        transcript.play_all(script).await;
        transcript.into_inner()
    }
}

/// A client that plays scripts over one stream; see [`transcript`].
#[derive(Debug)]
pub struct Transcript<Io> {
    io: Io,
    input: Vec<u8>,
    /// The largest write; everything at once by default.
    write_size: usize,
    /// Behind how many octets of the session one write ends and the next begins.
    cut: usize,
    /// How many octets were written so far.
    written: usize,
    lmtp: Option<AsLmtp>,
    /// Where the script is, for whoever reads the failure.
    caller: &'static Location<'static>,
}

impl<Io: AsyncRead + AsyncWrite + Unpin> Transcript<Io> {
    /// A client at the beginning of a session.
    #[track_caller]
    pub fn new(io: Io) -> Self {
        Self {
            io,
            input: Vec::new(),
            write_size: usize::MAX,
            cut: usize::MAX,
            written: 0,
            lmtp: None,
            caller: Location::caller(),
        }
    }

    /// Writes this many octets at once at most, and lets the server run in between.
    #[must_use]
    pub fn write_size(mut self, octets: usize) -> Self {
        self.write_size = octets.max(1);
        self
    }

    /// Cuts what is written behind this many octets of the session, and lets the server run there.
    #[must_use]
    pub fn cut(mut self, octets: usize) -> Self {
        self.cut = octets;
        self
    }

    /// Plays scripts that are written for SMTP as LMTP (RFC 2033): EHLO becomes LHLO, and the reply to
    /// a message is expected once for each recipient that was accepted.
    #[must_use]
    pub fn lmtp(mut self) -> Self {
        self.lmtp = Some(AsLmtp::default());
        self
    }

    /// How many octets were written so far.
    pub fn written(&self) -> usize {
        self.written
    }

    /// The stream. What was read beyond the script's end is lost.
    ///
    /// # Panics
    /// If there is such.
    pub fn into_inner(self) -> Io {
        assert!(self.input.is_empty(), "not expected: {}", String::from_utf8_lossy(&self.input));
        self.io
    }

    /// Plays a script.
    ///
    /// # Panics
    /// If the server says anything else than the script.
    #[track_caller]
    pub fn play(&mut self, script: &str) -> impl Future<Output = ()> {
        self.caller = Location::caller();
        self.play_all(script)
    }

    async fn play_all(&mut self, script: &str) {
        let mut output = Vec::new();
        for (index, line) in script.lines().enumerate() {
            let line = line.trim();
            let at = || format!("{}, line {} of the script: {line}", self.caller, index + 1);
            if line.is_empty() || line.starts_with('#') {
                continue;
            } else if let Some(line) = line.strip_prefix("C:") {
                let mut octets = octets(line.strip_prefix(' ').unwrap_or(line));
                if let Some(lmtp) = &mut self.lmtp {
                    octets = lmtp.sent(octets);
                }
                output.extend_from_slice(&octets);
            } else if let Some(expected) = line.strip_prefix("S:") {
                let at = at();
                self.write(&std::mem::take(&mut output)).await;
                let (expected, times) = match &mut self.lmtp {
                    Some(lmtp) => lmtp.expected(expected.trim_start()),
                    None => (expected.trim_start(), 1),
                };
                for _ in 0..times {
                    self.expect(expected, &at).await;
                }
            } else {
                panic!("{}: neither C: nor S:", at());
            }
        }
        self.write(&output).await;
    }

    async fn write(&mut self, output: &[u8]) {
        let before = self.cut.saturating_sub(self.written).min(output.len());
        self.written += output.len();
        let (before, behind) = output.split_at(before);
        self.write_pieces(before).await;
        if !before.is_empty() && !behind.is_empty() {
            tokio::task::yield_now().await;
        }
        self.write_pieces(behind).await;
    }

    async fn write_pieces(&mut self, output: &[u8]) {
        for piece in output.chunks(self.write_size) {
            // A server that closed has said so before, or will be asked.
            if self.io.write_all(piece).await.is_err() {
                return;
            }
            let _ = self.io.flush().await;
            if self.write_size != usize::MAX {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn expect(&mut self, expected: &str, at: &str) {
        if let Some(code) = expected.strip_suffix('*') {
            loop {
                let line = self.read_line().await.unwrap_or_default();
                assert!(line.starts_with(code), "{at}\n  came: {line}");
                if line.as_bytes().get(code.len()) != Some(&b'-') {
                    return;
                }
            }
        }
        let line = self.read_line().await;
        let matches = match (&line, expected) {
            (None, "(closed)") => true,
            (None, _) => false,
            (Some(line), _) => match expected.strip_suffix("...") {
                Some(start) => line.starts_with(start),
                None => line == expected,
            },
        };
        let hint = match &line {
            Some(line) if line.as_bytes().get(3) == Some(&b'-') => "\n  `S: 250*` takes all lines of a reply",
            _ => "",
        };
        assert!(matches, "{at}\n  came: {}{hint}", line.as_deref().unwrap_or("(closed)"));
    }

    async fn read_line(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.input.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.input.drain(..end + 2).take(end).collect();
                return Some(String::from_utf8(line).expect("replies are ASCII"));
            }
            let mut piece = [0; 4096];
            match self.io.read(&mut piece).await {
                Ok(0) | Err(_) => {
                    assert!(self.input.is_empty(), "a line without end: {:?}", self.input);
                    return None;
                }
                Ok(count) => self.input.extend_from_slice(&piece[..count]),
            }
        }
    }
}

/// The octets that a client line stands for.
fn octets(line: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut characters = line.chars();
    let mut ended = true;
    while let Some(character) = characters.next() {
        if character != '\\' {
            octets.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match characters.next() {
            Some('r') => octets.push(b'\r'),
            Some('n') => octets.push(b'\n'),
            Some('0') => octets.push(0),
            Some(other) => octets.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
            None => ended = false,
        }
    }
    if ended {
        octets.extend_from_slice(b"\r\n");
    }
    octets
}
