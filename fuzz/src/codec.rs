//! The codec against a naive one that sees the whole input at once: where the input is cut makes no
//! difference, and no buffer grows without bound.

use bytes::BytesMut;
use smtp_server::codec::{BareLineEndings, DotStuffing, Frame, LineError, MAX_AUTH_LINE, ServerCodec};

use crate::cuts::Cuts;

/// What frames say, those of content joined.
#[derive(Debug, PartialEq, Eq)]
enum Event {
    Line(Vec<u8>),
    BadLine(LineError),
    Bare,
    End,
}

/// The first octets say what is read and how it is cut, the others are the input.
pub fn check(data: &[u8]) {
    let [mode, cuts, first, second, input @ ..] = data else { return };
    let cuts = Cuts::new(*cuts);
    let bare = if mode >> 2 & 1 == 0 { BareLineEndings::Reject } else { BareLineEndings::Normalise };
    let binary = mode >> 3 & 1 == 1;
    match mode % 4 {
        0 => lines(input, cuts),
        1 => content(input, cuts, bare),
        2 => chunks(input, cuts, [u64::from(*first), u64::from(*second)], Some(bare).filter(|_| !binary)),
        _ => stuffing(input, cuts),
    }
}

/// Feeds the input piece by piece. `sizes` are those of chunks that follow the first one.
fn decode(
    mut codec: ServerCodec,
    input: &[u8],
    mut cuts: Cuts,
    mut next_chunk: Option<u64>,
) -> (Vec<u8>, Vec<Event>, BytesMut) {
    let (mut buffer, mut content, mut events) = (BytesMut::new(), Vec::new(), Vec::new());
    let mut rest = input;
    loop {
        while let Some(frame) = codec.next_frame(&mut buffer) {
            match frame {
                Frame::Line(line) => events.push(Event::Line(line.to_vec())),
                Frame::BadLine(error) => events.push(Event::BadLine(error)),
                Frame::Data(data) => {
                    assert!(!data.is_empty(), "an empty piece of content");
                    assert!(!events.contains(&Event::Bare), "content behind what was refused");
                    content.extend_from_slice(&data);
                }
                Frame::BareLineEnding => events.push(Event::Bare),
                Frame::EndOfData => events.push(Event::End),
                Frame::EndOfChunk => match next_chunk.take() {
                    Some(size) => codec.next_chunk(size, true),
                    None => events.push(Event::End),
                },
                other => panic!("{other:?}"),
            }
        }
        if rest.is_empty() {
            return (content, events, buffer);
        }
        let (piece, behind) = cuts.cut(rest);
        buffer.extend_from_slice(piece);
        assert!(buffer.len() <= MAX_AUTH_LINE + piece.len(), "the buffer grows");
        rest = behind;
    }
}

fn lines(input: &[u8], cuts: Cuts) {
    let (content, events, rest) = decode(ServerCodec::default(), input, cuts, None);
    assert!(content.is_empty());
    let (expected, left) = naive_lines(input);
    assert_eq!(events, expected);
    assert!(rest.len() <= MAX_AUTH_LINE);
    assert!(left.ends_with(&rest));
    assert!(rest.len() == left.len() || left.len() >= MAX_AUTH_LINE, "the start of a line is lost");
}

/// The lines, and what stands behind the last.
fn naive_lines(mut input: &[u8]) -> (Vec<Event>, &[u8]) {
    let mut events = Vec::new();
    while let Some(end) = find(input, b"\r\n") {
        let line = &input[..end];
        let fault = if line.len() + 2 > MAX_AUTH_LINE {
            Some(LineError::TooLong)
        } else {
            line.iter().any(|octet| matches!(octet, b'\r' | b'\n')).then_some(LineError::BareLineEnding)
        };
        let chunk = line.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case(b"BDAT"));
        events.push(match fault {
            None => Event::Line(line.to_vec()),
            Some(_) if chunk => Event::BadLine(LineError::Chunk),
            Some(fault) => Event::BadLine(fault),
        });
        input = &input[end + 2..];
    }
    (events, input)
}

fn content(input: &[u8], cuts: Cuts, bare: BareLineEndings) {
    let mut codec = ServerCodec::default();
    codec.start_data(bare);
    let (content, mut events, rest) = decode(codec, input, cuts, None);
    let end = if input.starts_with(b".\r\n") { Some(0) } else { find(input, b"\r\n.\r\n").map(|at| at + 2) };
    let raw = &input[..end.unwrap_or(input.len())];
    let refused = bare == BareLineEndings::Reject && has_bare_line_ending(raw);
    let meant = unstuffed(raw);
    let meant = if bare == BareLineEndings::Normalise { normalised(&meant) } else { meant };
    // Up to where a fault was found, or the input ended.
    assert!(meant.starts_with(&content));
    match end {
        Some(end) => {
            let behind = naive_lines(&input[end + 3..]).0;
            assert!(events.ends_with(&behind));
            events.truncate(events.len() - behind.len());
            if refused {
                assert_eq!(events, [Event::Bare, Event::End]);
            } else {
                assert_eq!(events, [Event::End]);
                are_same(&content, &meant);
            }
        }
        None => {
            assert!(events.is_empty() || events == [Event::Bare] && refused);
            assert!(rest.len() <= 2, "content waits: {rest:?}");
        }
    }
}

fn chunks(input: &[u8], cuts: Cuts, [first, second]: [u64; 2], bare: Option<BareLineEndings>) {
    let mut codec = ServerCodec::default();
    codec.start_chunks(first, false, bare);
    let (content, mut events, _) = decode(codec, input, cuts, Some(second));
    let split = input.split_at_checked((first + second) as usize);
    let (raw, behind) = split.unwrap_or((input, b""));
    let refused = bare == Some(BareLineEndings::Reject) && has_bare_line_ending(raw);
    let meant = if bare == Some(BareLineEndings::Normalise) { normalised(raw) } else { raw.to_vec() };
    assert!(meant.starts_with(&content));
    if split.is_none() {
        assert!(events.is_empty() || events == [Event::Bare] && refused);
        return;
    }
    let behind = naive_lines(behind).0;
    assert!(events.ends_with(&behind));
    events.truncate(events.len() - behind.len());
    if refused {
        assert_eq!(events, [Event::Bare, Event::End]);
    } else {
        assert_eq!(events, [Event::End]);
        are_same(&content, &meant);
    }
}

/// What is written for DATA is one message for every reader, and for one that is strict the same.
fn stuffing(input: &[u8], mut cuts: Cuts) {
    let (mut stuffing, mut wire, mut rest) = (DotStuffing::default(), BytesMut::new(), input);
    let back = cuts.clone();
    while !rest.is_empty() {
        let (piece, behind) = cuts.cut(rest);
        stuffing.write(piece, &mut wire);
        rest = behind;
    }
    stuffing.finish(&mut wire);
    // Some readers take each CR and LF for a line's end, and NUL for nothing.
    let loose: Vec<u8> = wire.iter().copied().filter(|octet| *octet != 0).collect();
    let ends_line = |octet: Option<&u8>| octet.is_none_or(|octet| matches!(octet, b'\r' | b'\n'));
    let ends: Vec<usize> = (0..loose.len())
        .filter(|&at| loose[at] == b'.' && ends_line(loose[..at].last()) && ends_line(loose.get(at + 1)))
        .collect();
    assert_eq!(ends, [loose.len() - 3], "a dot on a line of its own within the content");
    if !has_bare_line_ending(input) && !input.contains(&0) {
        let mut codec = ServerCodec::default();
        codec.start_data(BareLineEndings::Reject);
        let (content, events, rest) = decode(codec, &wire, back, None);
        assert_eq!((events, rest.len()), (vec![Event::End], 0));
        let ended = if input.is_empty() || input.ends_with(b"\r\n") { &b""[..] } else { b"\r\n" };
        are_same(&content, &[input, ended].concat());
    }
}

fn are_same(content: &[u8], meant: &[u8]) {
    let different = content.iter().zip(meant).take_while(|(left, right)| left == right).count();
    assert!(content == meant, "another content from octet {different} on");
}

/// Whether a CR or LF belongs to no CRLF.
fn has_bare_line_ending(content: &[u8]) -> bool {
    (0..content.len()).any(|at| match content[at] {
        b'\r' => content.get(at + 1) != Some(&b'\n'),
        b'\n' => at == 0 || content[at - 1] != b'\r',
        _ => false,
    })
}

/// Without the dot in front of each line that has one.
pub(crate) fn unstuffed(raw: &[u8]) -> Vec<u8> {
    let at_line_start = |at: usize| at == 0 || raw[..at].ends_with(b"\r\n");
    (0..raw.len()).filter(|&at| raw[at] != b'.' || !at_line_start(at)).map(|at| raw[at]).collect()
}

/// With CRLF for each line ending.
pub(crate) fn normalised(content: &[u8]) -> Vec<u8> {
    let mut written = Vec::new();
    for (at, octet) in content.iter().enumerate() {
        match octet {
            b'\n' if at > 0 && content[at - 1] == b'\r' => {}
            b'\r' | b'\n' => written.extend_from_slice(b"\r\n"),
            other => written.push(*other),
        }
    }
    written
}

pub(crate) fn find(octets: &[u8], pattern: &[u8]) -> Option<usize> {
    octets.windows(pattern.len()).position(|window| window == pattern)
}
