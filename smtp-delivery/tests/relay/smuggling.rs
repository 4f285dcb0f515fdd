//! One message stays one message, however loosely the next hop reads (SMTP smuggling).

use proptest::prelude::*;
use proptest::sample::{Index, select};
use smtp_core::{Body, Transport};
use smtp_delivery::Relay;
use smtp_delivery::relay::LongLines;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tower::ServiceExt;

use super::{as_text, message};

/// How a next hop may read.
#[derive(Debug, Clone, Copy)]
struct Lenience {
    /// Throws NUL away before it looks, as Postfix may be told to.
    drops_nul: bool,
    /// Takes a line for a string that ends at its first NUL.
    stops_at_nul: bool,
    /// Reads long lines in pieces of this size, and takes each for a line.
    pieces: usize,
}

/// How many messages a next hop sees that takes a CR, an LF and a CRLF alike for the end of a line, so
/// that any two of them with a dot between end a message; and whether it reads to the end.
fn messages(wire: &[u8], lenience: Lenience) -> (usize, bool) {
    let wire: Vec<u8> = wire.iter().copied().filter(|octet| !lenience.drops_nul || *octet != 0).collect();
    let (mut count, mut ended) = (0, true);
    for line in wire.split_inclusive(|octet| matches!(octet, b'\r' | b'\n')) {
        // The LF of a CRLF.
        if line == b"\n" {
            continue;
        }
        for piece in line.chunks(lenience.pieces) {
            let text = if lenience.stops_at_nul { piece.split(|octet| *octet == 0).next() } else { None };
            let text = text.unwrap_or(piece);
            let text = text.strip_suffix(b"\r").or_else(|| text.strip_suffix(b"\n")).unwrap_or(text);
            ended = text == b"." && (piece.len() > 1 || line.len() > 1);
            count += usize::from(ended);
        }
    }
    (count, ended)
}

/// What the relay writes behind 354 for content that comes in these pieces.
async fn written(content: &[u8], cuts: &[usize]) -> Vec<u8> {
    let (near, far) = tokio::io::duplex(1024 * 1024);
    let next_hop = async {
        let mut stream = BufReader::new(far);
        stream.write_all(b"220 mx\r\n").await.expect("somebody reads");
        let mut line = String::new();
        while line != "DATA\r\n" {
            line.clear();
            stream.read_line(&mut line).await.expect("a line");
            let answer: &[u8] = match line.get(..4) {
                Some("EHLO") => b"250-mx\r\n250 8BITMIME\r\n",
                Some("DATA") => b"354 go\r\n",
                _ => b"250 OK\r\n",
            };
            stream.write_all(answer).await.expect("somebody reads");
        }
        let mut wire = Vec::new();
        let mut buffer = [0; 4096];
        // Only what really ends a message does so here.
        while wire != b".\r\n" && !wire.ends_with(b"\r\n.\r\n") {
            let count = stream.read(&mut buffer).await.expect("octets");
            assert!(count > 0, "the relay hangs up");
            wire.extend_from_slice(&buffer[..count]);
        }
        stream.write_all(b"250 2.0.0 queued\r\n").await.expect("somebody reads");
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.expect("octets");
        assert!(rest.is_empty() || rest == b"QUIT\r\n", "{}", rest.escape_ascii());
        wire
    };
    let near = std::sync::Mutex::new(Some(Transport::new(near)));
    let relay = Relay::over(move || {
        let near = near.lock().expect("no panic").take();
        async { near.ok_or_else(|| std::io::ErrorKind::ConnectionRefused.into()) }
    });
    let relay = relay.long_lines(LongLines::Divide);
    let mut pieces = Vec::new();
    let mut rest = content;
    for cut in cuts {
        let (piece, behind) = rest.split_at((*cut).min(rest.len()));
        pieces.push(Ok(piece.to_vec().into()));
        rest = behind;
    }
    pieces.push(Ok(rest.to_vec().into()));
    let body = Body::from_stream(futures::stream::iter(pieces));
    let (outcomes, wire) = tokio::join!(relay.oneshot(message(body)), next_hop);
    assert_eq!(as_text(&outcomes.expect("the body is whole")), ["250 2.0.0 queued"]);
    wire
}

fn wire_of(content: &[u8], cuts: &[usize]) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime").block_on(written(content, cuts))
}

/// All ways of reading, the loosest among them.
fn leniences() -> impl Iterator<Item = Lenience> {
    [(false, false), (true, false), (false, true)].into_iter().flat_map(|(drops_nul, stops_at_nul)| {
        [1000, 1023, 2048, usize::MAX].into_iter().map(move |pieces| Lenience {
            drops_nul,
            stops_at_nul,
            pieces,
        })
    })
}

fn check(content: &[u8], cuts: &[usize]) {
    let wire = wire_of(content, cuts);
    for lenience in leniences() {
        let seen = messages(&wire, lenience);
        assert_eq!(seen, (1, true), "{lenience:?} reads {}", wire.escape_ascii());
    }
}

#[test]
fn the_model_falls_for_every_form_that_is_not_stuffed() {
    let loose = |drops_nul, stops_at_nul| Lenience { drops_nul, stops_at_nul, pieces: 1000 };
    for end in [
        "\r\n.\r\n",
        "\n.\n",
        "\r.\r",
        "\n.\r\n",
        "\r\n.\n",
        "\r\n.\r",
        "\r.\r\n",
        "\r.\n",
        "\r\r\n.\n",
        "\n\n.\r\r\n",
    ] {
        let wire = format!("a{end}MAIL FROM:<evil@x>\r\n.\r\n");
        assert_eq!(messages(wire.as_bytes(), loose(false, false)), (2, true), "{end:?}");
    }
    for end in ["\r\n\0.\r\n", "\r\n.\0\r\n"] {
        let wire = format!("a{end}MAIL FROM:<evil@x>\r\n.\r\n");
        assert_eq!(messages(wire.as_bytes(), loose(false, false)), (1, true), "{end:?}");
        assert_eq!(messages(wire.as_bytes(), loose(true, false)), (2, true), "{end:?}");
    }
    assert_eq!(messages(b"a\r\n.\0b\r\nMAIL\r\n.\r\n", loose(false, true)), (2, true));
    let wire = format!("{}.\r\nMAIL\r\n.\r\n", "x".repeat(1000));
    assert_eq!(messages(wire.as_bytes(), loose(false, false)), (2, true));
}

#[test]
fn every_known_form_is_one_message() {
    let ends = ["\r\n", "\n", "\r", "\r\r\n", "\n\r", "\r\0\n", "\0\r\n", "\n\0", "\r\n\0", ""];
    let dots = [".", ".\0", "\0.", "..", ". "];
    for before in ends {
        for dot in dots {
            for after in ends {
                check(format!("a{before}{dot}{after}MAIL FROM:<evil@x>\r\n").as_bytes(), &[]);
            }
        }
    }
    for length in [997, 998, 999, 1000, 1022, 1023, 2047, 2048, 4096] {
        check(format!("{}.\r\nMAIL FROM:<evil@x>\r\n", "x".repeat(length)).as_bytes(), &[]);
    }
}

#[test]
fn what_keeps_the_rules_is_not_changed() {
    let content = format!("Subject: x\r\n\r\n.a\r\n..\r\nb.\r\n{}\r\n\u{e4}\r\n", "x".repeat(998));
    let expected = content.replace("\r\n.", "\r\n..") + ".\r\n";
    assert_eq!(String::from_utf8(wire_of(content.as_bytes(), &[])).unwrap(), expected);
}

fn content() -> impl Strategy<Value = Vec<u8>> {
    let long = prop::sample::select(vec![500_usize, 995, 998, 1000, 1023]);
    let piece = prop_oneof![
        8 => select(vec![&b"\r\n"[..], b"\n", b"\r", b"\0", b".", b"..", b"a", b" ", b".\r\n", b"\xff"])
            .prop_map(<[u8]>::to_vec),
        1 => long.prop_map(|length| vec![b'x'; length]),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_in_it_it_is_one_message(
        content in content(),
        cuts in prop::collection::vec(any::<Index>(), 0..4),
    ) {
        let cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(content.len() + 1)).collect();
        check(&content, &cuts);
    }
}
