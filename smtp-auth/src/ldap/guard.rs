//! What the library would let a directory do: send without end, and nest until the stack is full.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Of one message, in octets. Answers to a bind or about one attribute are much shorter.
const LONGEST: usize = 64 * 1024;
/// Of one connection.
const MESSAGES: usize = 1000;
/// An attribute's value in an entry is the fifth; controls and referrals are no deeper.
const DEEPEST: usize = 8;

/// Passes messages on until the directory hangs up.
pub(super) async fn pass(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
) -> io::Result<()> {
    for _ in 0..MESSAGES {
        let Some(message) = read(from).await? else { return Ok(()) };
        if !is_shallow(&message) {
            return Err(malformed("a message that is nested too deeply"));
        }
        to.write_all(&message).await?;
    }
    Err(malformed("too many messages"))
}

/// One message with its header; `None` at the end.
async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Vec<u8>>> {
    let mut message = vec![0; 2];
    match from.read_exact(&mut message).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        result => result?,
    };
    let more = usize::from(message[1]).saturating_sub(0x80);
    // RFC 4511 section 5.1: lengths are definite. Four octets would do for 4 GiB.
    if message[1] == 0x80 || more > 4 {
        return Err(malformed("a message without a length"));
    }
    message.resize(2 + more, 0);
    from.read_exact(&mut message[2..]).await?;
    let length = header(&message).map_or(0, |(_, length)| length);
    if length > LONGEST {
        return Err(malformed("a message that is too long"));
    }
    let start = message.len();
    message.resize(start + length, 0);
    from.read_exact(&mut message[start..]).await?;
    Ok(Some(message))
}

/// How long the header of an element is, and its content.
fn header(octets: &[u8]) -> Option<(usize, usize)> {
    let first = *octets.get(1)?;
    let more = usize::from(first).checked_sub(0x80);
    let Some(more) = more else { return Some((2, first.into())) };
    let length = octets.get(2..2 + more).filter(|length| (1..=4).contains(&length.len()))?;
    let length = length.iter().fold(0_u64, |length, octet| length << 8 | u64::from(*octet));
    Some((2 + more, usize::try_from(length).ok()?))
}

/// Whether each element lies within the one around it, and not too deep in it.
fn is_shallow(message: &[u8]) -> bool {
    const CONSTRUCTED: u8 = 0x20;
    // The ends of the elements that are open.
    let mut ends = vec![message.len()];
    let mut at = 0;
    while let Some(&end) = ends.last() {
        if at == end {
            ends.pop();
            continue;
        }
        let Some((header, length)) = header(&message[at..end]) else { return false };
        let content = at + header;
        if length > end - content || ends.len() > DEEPEST {
            return false;
        }
        if message[at] & CONSTRUCTED == 0 {
            at = content + length;
        } else {
            ends.push(content + length);
            at = content;
        }
    }
    true
}

fn malformed(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An element around this content.
    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x84], &length[..], content].concat()
    }

    fn nested(depth: usize) -> Vec<u8> {
        (1..depth).fold(element(0x30, b""), |inner, _| element(0x30, &inner))
    }

    async fn passed(octets: &[u8]) -> io::Result<Vec<u8>> {
        let (mut from, mut to) = (octets, Vec::new());
        pass(&mut from, &mut to).await.map(|()| to)
    }

    #[tokio::test]
    async fn what_directories_say_passes() {
        // A bind response: success.
        let bind = b"\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00";
        let longest = element(0x30, &element(0x04, &vec![0; LONGEST - 6]));
        for message in [&bind[..], b"\x30\x00", &longest, &nested(DEEPEST)] {
            let twice = [message, message].concat();
            assert_eq!(passed(&twice).await.unwrap(), twice);
        }
    }

    #[tokio::test]
    async fn what_would_harm_the_library_does_not() {
        let too_long = element(0x30, &element(0x04, &vec![0; LONGEST - 5]));
        for message in [
            &nested(DEEPEST + 1)[..],
            &nested(5000),
            &too_long,
            b"\x30\x80\0\0",
            b"\x30\x85\0\0\0\0\0",
            b"\x30\x84\xff\xff\xff\xff",
            // An element that is longer than the one around it, or has no length at all.
            b"\x30\x02\x04\x01",
            b"\x30\x01\x04",
            b"\x30\x02\x04\x80",
            b"\x30",
            b"\x30\x02\x04",
        ] {
            // A message that never ends is no message, and not passed.
            assert!(!passed(message).await.is_ok_and(|passed| !passed.is_empty()), "{message:?}");
        }
        passed(&b"\x30\x00".repeat(MESSAGES + 1)).await.unwrap_err();
    }

    proptest! {
        #[test]
        fn nothing_panics(octets: Vec<u8>) {
            is_shallow(&octets);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let _ = runtime.block_on(passed(&octets));
        }
    }
}
