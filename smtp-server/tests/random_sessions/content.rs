//! The content of messages.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Mostly content that keeps the line discipline, with much that looks like its end or like
/// commands; sometimes with one CR or LF more.
pub(crate) fn content() -> impl Strategy<Value = Bytes> {
    let pieces: &[&[u8]] =
        &[b"a", b"\r\n", b".", b"\r\n.", b"..", b"\r\n..\r\n", b"xyz", b"\r\n\r\n", b"QUIT\r\n", b"\0\xff"];
    let piece = prop_oneof![
        30 => select(pieces).prop_map(<[u8]>::to_vec),
        1 => (1..2000_usize).prop_map(|length| vec![b'x'; length]),
    ];
    let extra = prop_oneof![
        5 => Just(None),
        1 => (any::<Index>(), select(&b"\r\n"[..])).prop_map(Some),
    ];
    (vec(piece, 0..30), extra).prop_map(|(pieces, extra)| {
        let mut content = pieces.concat();
        if let Some((place, octet)) = extra {
            content.insert(place.index(content.len() + 1), octet);
        }
        content.into()
    })
}

/// The content as DATA can carry it: its last line ends.
pub(crate) fn with_last_line_ended(content: &Bytes) -> Bytes {
    if content.is_empty() || content.ends_with(b"\r\n") {
        return content.clone();
    }
    [content, &b"\r\n"[..]].concat().into()
}

/// Whether a CR or LF belongs to no CRLF.
pub(crate) fn has_bare_line_ending(content: &[u8]) -> bool {
    (0..content.len()).any(|at| match content[at] {
        b'\r' => content.get(at + 1) != Some(&b'\n'),
        b'\n' => at == 0 || content[at - 1] != b'\r',
        _ => false,
    })
}

/// The content with dots stuffed, and its end.
pub(crate) fn stuffed(content: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    for (at, &octet) in content.iter().enumerate() {
        if octet == b'.' && (at == 0 || content[..at].ends_with(b"\r\n")) {
            wire.push(b'.');
        }
        wire.push(octet);
    }
    wire.extend_from_slice(b".\r\n");
    wire
}
