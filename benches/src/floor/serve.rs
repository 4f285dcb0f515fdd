use std::io;

use bytes::{Buf, BytesMut};
use memchr::{memchr, memmem};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Messages;

const BUFFER: usize = 16 * 1024;
const END_OF_DATA: &[u8] = b"\r\n.\r\n";

const GREETING: &[u8] = b"220 floor ESMTP\r\n";
const EHLO: &[u8] = b"250-floor\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 8BITMIME\r\n";
const OK: &[u8] = b"250 2.0.0 ok\r\n";
const GO_AHEAD: &[u8] = b"354 go ahead\r\n";
const BYE: &[u8] = b"221 2.0.0 bye\r\n";
const UNKNOWN: &[u8] = b"500 5.5.2 what?\r\n";

/// Where in the stream the server stands.
#[derive(Debug)]
enum State {
    Command,
    /// A message is whole, and not answered yet.
    Whole,
    /// In the content of a message; `true` where nothing of it was dropped yet.
    Data(bool),
    /// This many octets of a chunk are to come.
    Chunk(u64),
    Closed,
}

/// Serves one connection to its end.
///
/// # Errors
/// Those of the connection.
pub async fn serve(
    mut io: impl AsyncRead + AsyncWrite + Unpin,
    mut messages: impl Messages,
) -> io::Result<()> {
    let mut input = BytesMut::with_capacity(BUFFER);
    let mut output = Vec::with_capacity(256);
    let mut state = State::Command;
    io.write_all(GREETING).await?;
    loop {
        input.reserve(BUFFER);
        if io.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
        while let Some(next) = step(&state, &mut input, &mut output, &mut messages) {
            state = next;
            if matches!(state, State::Whole) {
                messages.end().await?;
                output.extend_from_slice(OK);
                state = State::Command;
            }
        }
        if !output.is_empty() {
            io.write_all(&output).await?;
            output.clear();
        }
        if matches!(state, State::Closed) {
            return Ok(());
        }
    }
}

/// Takes one command or piece of content; `None` if more input is needed.
fn step(
    state: &State,
    input: &mut BytesMut,
    output: &mut Vec<u8>,
    messages: &mut impl Messages,
) -> Option<State> {
    match state {
        State::Command => {
            let end = memchr(b'\n', input)?;
            let line = input.split_to(end + 1);
            let (reply, next) = answer(&line);
            output.extend_from_slice(reply);
            Some(next)
        }
        State::Data(first) => data(*first, input, messages),
        State::Chunk(size) => {
            let here = (*size).min(input.len() as u64);
            messages.add(&input[..here as usize]);
            input.advance(here as usize);
            if here < *size {
                return (here > 0).then_some(State::Chunk(size - here));
            }
            Some(State::Whole)
        }
        State::Whole | State::Closed => None,
    }
}

fn answer(line: &[u8]) -> (&'static [u8], State) {
    match line[0].to_ascii_uppercase() {
        b'E' => (EHLO, State::Command),
        b'H' | b'M' | b'R' | b'N' => (OK, State::Command),
        b'D' => (GO_AHEAD, State::Data(true)),
        b'B' => (b"", State::Chunk(chunk_size(line))),
        b'Q' => (BYE, State::Closed),
        _ => (UNKNOWN, State::Command),
    }
}

fn chunk_size(line: &[u8]) -> u64 {
    let digits = line.iter().skip(5).take_while(|byte| byte.is_ascii_digit());
    digits.fold(0, |size, digit| size * 10 + u64::from(digit - b'0'))
}

fn data(first: bool, input: &mut BytesMut, messages: &mut impl Messages) -> Option<State> {
    let end = match memmem::find(input, END_OF_DATA) {
        // The line end of DATA itself stands in front of an empty message.
        _ if first && input.starts_with(b".\r\n") => 3,
        Some(found) => found + END_OF_DATA.len(),
        None => {
            // The end may be here in part.
            let passed = input.len().saturating_sub(END_OF_DATA.len() - 1);
            messages.add(&input[..passed]);
            input.advance(passed);
            return (first && passed > 0).then_some(State::Data(false));
        }
    };
    messages.add(&input[..end]);
    input.advance(end);
    Some(State::Whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::floor::Dropped;

    #[tokio::test]
    async fn answers_the_same_however_the_input_arrives() {
        let session = b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<a@b>\r\nDATA\r\nab\r\n..\r\n.\r\n\
            DATA\r\n.\r\nBDAT 7 LAST\r\nDATA\r\n\r\nQUIT\r\n";
        let expected = [GREETING, EHLO, OK, OK, GO_AHEAD, OK, GO_AHEAD, OK, OK, UNKNOWN, BYE].concat();
        for size in 1..session.len() {
            let (mut client, server) = tokio::io::duplex(size);
            let talk = async {
                let (mut replies, mut commands) = tokio::io::split(&mut client);
                let mut seen = Vec::new();
                let (sent, read) = tokio::join!(commands.write_all(session), replies.read_to_end(&mut seen));
                sent.and(read).map(|_| seen)
            };
            let (served, seen) = tokio::join!(serve(server, Dropped), talk);
            served.unwrap();
            assert_eq!(String::from_utf8(seen.unwrap()), String::from_utf8(expected.clone()), "{size}");
        }
    }
}
