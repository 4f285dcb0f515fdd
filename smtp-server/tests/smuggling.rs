//! Every known way to hide a message within another, or commands within a message: what comes of it
//! is one message with the octets that were sent, or a refusal and no message, and the session goes on
//! in step.

use smtp_server::codec::BareLineEndings;
use smtp_server::testing::{RecordingDelivery, info};
use smtp_server::{Command, Connection, Deliver, Options, Request, Route};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tower::ServiceBuilder;

/// What somebody somewhere has taken for the end of a message, and what may be dropped on the way to
/// become one.
const ENDS: [&[u8]; 34] = [
    b"\n.\n",
    b"\r.\r",
    b"\n.\r",
    b"\r.\n",
    b"\n.\r\n",
    b"\r.\r\n",
    b"\r\n.\n",
    b"\r\n.\r",
    b"\r\r\n.\r\r\n",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\n",
    b"\n\n.\n\n",
    b"\r\n\n.\n\r\n",
    b"\r\n\r.\r\r\n",
    b"\n\r.\n\r",
    b"\n\r\n.\n\r\n",
    b"\r\n\0.\r\n",
    b"\r\n.\0\r\n",
    b"\r\0\n.\r\0\n",
    b"\r\n\0.\0\r\n",
    b"\n\0.\n",
    b"\r\n. \r\n",
    b"\r\n.\t\r\n",
    b"\r\n .\r\n",
    b"\r\n..\r\n",
    b"\r\n.\x1a\r\n",
    b"\x1a",
    b"\x0b.\x0b",
    b"\x0c.\x0c",
    b"\xc2\x85.\xc2\x85",
    b"\xe2\x80\xa8.\xe2\x80\xa8",
    b"\x85.\x85",
    b"\r\n\x7f.\r\n",
    b"\r\n.\x08\r\n",
];

const HIDDEN: &[u8] = b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<victim@example.org>\r\nDATA\r\nevil\r\n";

fn contents() -> impl Iterator<Item = Vec<u8>> {
    ENDS.into_iter().flat_map(|end| {
        [
            [b"Subject: good\r\n\r\ngood", end, HIDDEN].concat(),
            // At the very start and the very end.
            [end, HIDDEN].concat(),
            [&HIDDEN[..HIDDEN.len() - 2], end, b"\r\n"].concat(),
            // Twice, so that one of them stands at an edge wherever it is cut.
            [b"good", end, end, HIDDEN].concat(),
        ]
    })
}

/// Sends the octets in pieces; gives the codes of the replies, and the contents that were delivered.
async fn play(input: &[u8], pieces: usize, bare: BareLineEndings) -> (Vec<String>, Vec<Vec<u8>>) {
    let delivery = RecordingDelivery::new();
    let stack = ServiceBuilder::new()
        .map_request(|mut request: Request| {
            if let Command::Rcpt(recipient) = &mut request.command {
                recipient.route = Some(Route::Local);
            }
            request
        })
        .service(Deliver::new(delivery.clone()));
    let mut options = Options::default();
    options.bare_line_endings = bare;
    let (mut client, server) = tokio::io::duplex(64 * 1024);
    let server = tokio::spawn(Connection::with_options(server, info(), stack, options));
    for piece in input.chunks(pieces) {
        // Who was told to go learns it from the replies.
        if client.write_all(piece).await.is_err() {
            break;
        }
        tokio::task::yield_now().await;
    }
    let mut output = String::new();
    client.read_to_string(&mut output).await.expect("replies");
    server.await.expect("no panic").expect("an end in order");
    let last_lines = output.lines().filter(|line| line.as_bytes().get(3) == Some(&b' '));
    let codes = last_lines.map(|line| line[..3].to_owned()).collect();
    (codes, delivery.messages().into_iter().map(|message| message.content).collect())
}

fn has_bare_line_ending(content: &[u8]) -> bool {
    let pairs = content.windows(2).filter(|pair| pair == b"\r\n").count();
    [b'\r', b'\n'].iter().any(|end| content.iter().filter(|octet| *octet == end).count() != pairs)
}

/// With CRLF for each line ending.
fn normalised(content: &[u8]) -> Vec<u8> {
    let text: Vec<char> = content.iter().map(|octet| char::from(*octet)).collect();
    let text: String = text.iter().collect();
    let whole = text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n");
    whole.chars().map(|character| character as u8).collect()
}

/// As DATA carries it: only behind CRLF, and at the start, a dot is one too many.
fn unstuffed(content: &[u8]) -> Vec<u8> {
    let at_start = |at: usize| at == 0 || content[..at].ends_with(b"\r\n");
    (0..content.len()).filter(|at| content[*at] != b'.' || !at_start(*at)).map(|at| content[at]).collect()
}

/// What has to come of a content: one message or none.
fn outcome(content: Vec<u8>, bare: BareLineEndings) -> (&'static str, Vec<Vec<u8>>) {
    match (has_bare_line_ending(&content), bare) {
        (false, _) => ("250", vec![content]),
        (true, BareLineEndings::Normalise) => ("250", vec![normalised(&content)]),
        (true, _) => ("554", Vec::new()),
    }
}

const ENVELOPE: &[u8] = b"EHLO client.example\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.org>\r\n";

#[tokio::test(start_paused = true)]
async fn within_data() {
    for bare in [BareLineEndings::Reject, BareLineEndings::Normalise] {
        // Joined, some are the one that is the end.
        let ends = |content: &Vec<u8>| content.windows(5).any(|window| window == b"\r\n.\r\n");
        for content in contents().filter(|content| !ends(content)) {
            let input = [ENVELOPE, b"DATA\r\n", &content, b".\r\nNOOP\r\nQUIT\r\n"].concat();
            let (code, messages) = outcome(unstuffed(&content), bare);
            let codes = ["220", "250", "250", "250", "354", code, "250", "221"];
            for pieces in [1, 2, 3, 7, input.len()] {
                let (came, delivered) = play(&input, pieces, bare).await;
                let shown = content.escape_ascii();
                assert_eq!(came, codes, "{shown} in pieces of {pieces}, {bare:?}");
                assert_eq!(delivered, messages, "{shown} in pieces of {pieces}, {bare:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn within_chunks() {
    for bare in [BareLineEndings::Reject, BareLineEndings::Normalise] {
        // Here the end of DATA is content as well.
        let contents = contents().chain([[b"good\r\n.\r\n", HIDDEN].concat(), b".\r\n".to_vec()]);
        for content in contents {
            for cut in [0, 5, 15, 17, 18, 19, 20, 21, content.len()] {
                let (first, second) = content.split_at(cut.min(content.len()));
                let chunk = |octets: &[u8], last: &str| {
                    [format!("BDAT {}{last}\r\n", octets.len()).as_bytes(), octets].concat()
                };
                let chunks = [chunk(first, ""), chunk(second, " LAST")].concat();
                let input = [ENVELOPE, &chunks, b"NOOP\r\nQUIT\r\n"].concat();
                let (code, messages) = outcome(content.clone(), bare);
                let (codes, delivered) = play(&input, input.len(), bare).await;
                let shown = content.escape_ascii();
                assert_eq!(delivered, messages, "{shown} cut at {cut}, {bare:?}");
                // The chunk with the fault is the one that is refused; then there is no message to end.
                let refused = code == "554" && codes[4] == "554";
                let expected = if refused { ["554", "503"] } else { ["250", code] };
                assert_eq!(codes[4..6], expected, "{shown} cut at {cut}, {bare:?}");
                assert_eq!(codes[6..], ["250", "221"], "{shown} cut at {cut}, {bare:?}");
            }
        }
    }
}

/// A line is a command as a whole or not at all, whoever takes what for its end.
#[tokio::test(start_paused = true)]
async fn within_commands() {
    for end in [&b"\n"[..], b"\r", b"\n\r", b"\0", b"\r\0\n", b"\x0b", b"\xc2\x85", b"\xe2\x80\xa8", b"\x85"]
    {
        for (line, codes) in [
            (&b"NOOP\xffRSET"[..], &["500"][..]),
            (b"RCPT TO:<c@example.org>\xffRSET", &["500"]),
            (b"RCPT TO:<c@example.org\xff>", &["500"]),
            (b"MAIL FROM:<a@example.com>\xffRCPT TO:<c@example.org>", &["500"]),
            (b"DATA\xffevil", &["500"]),
        ] {
            let at = line.iter().position(|octet| *octet == 0xff).expect("a place");
            let line = [&line[..at], end, &line[at + 1..], b"\r\n"].concat();
            // What was said before still holds.
            let input = [ENVELOPE, &line, b"BDAT 2 LAST\r\n\r\nQUIT\r\n"].concat();
            let expected = [&["220", "250", "250", "250"], codes, &["250", "221"]].concat();
            let (came, delivered) = play(&input, input.len(), BareLineEndings::Reject).await;
            assert_eq!(came, expected, "{}", line.escape_ascii());
            assert_eq!(delivered, [b"\r\n"], "{}", line.escape_ascii());
        }
        // Nobody knows where this chunk ends.
        let line = [b"BDAT 5", end, b"\r\n", HIDDEN].concat();
        let input = [ENVELOPE, &line, b"QUIT\r\n"].concat();
        let (came, delivered) = play(&input, input.len(), BareLineEndings::Reject).await;
        assert_eq!(came.len(), 5, "{}: {came:?}", line.escape_ascii());
        assert!(came[4].starts_with("50") && delivered.is_empty(), "{}: {came:?}", line.escape_ascii());
    }
}
