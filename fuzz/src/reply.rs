//! Replies of any text are well-formed, and what reads replies reads those back.

use bytes::BytesMut;
use smtp_server::{Reply, ReplyParser};

use crate::wire::replies;

/// Reads the octets as lines of a server's replies, and writes a reply of them as text.
pub fn check(data: &[u8]) {
    let mut parser = ReplyParser::default();
    for line in data.split(|octet| *octet == b'\n') {
        match parser.line(line) {
            Ok(None) => {}
            Ok(Some(reply)) => is_read_back(&reply),
            Err(refusal) => {
                assert_eq!(refusal.code(), 451);
                parser = ReplyParser::default();
            }
        }
    }
    if let Some((code, text)) = data.split_first() {
        let code = 200 + u16::from(*code) * 2 % 400;
        let reply = Reply::new(code, String::from_utf8_lossy(text).into_owned());
        assert_eq!(reply.code(), code);
        is_read_back(&reply);
    }
}

fn is_read_back(reply: &Reply) {
    let (mut ascii, mut written) = (BytesMut::new(), BytesMut::new());
    reply.encode(&mut ascii);
    assert_eq!(replies(&ascii, false).len(), 1);
    reply.encode_utf8(&mut written);
    let seen = replies(&written, true);
    assert_eq!(seen.len(), 1);
    assert_eq!(reply.code(), seen[0].code);
    if seen[0].lines > ReplyParser::MAX_LINES || reply.text().len() > ReplyParser::MAX_TEXT {
        return;
    }
    let mut parser = ReplyParser::default();
    let mut read = None;
    for line in written[..].split_inclusive(|octet| *octet == b'\n') {
        assert!(read.is_none());
        read = parser.line(&line[..line.len() - 2]).expect("a line of a reply");
    }
    let read = read.expect("a reply");
    // Long lines are broken, so only the text without line ends is the same. Where a reply has no
    // status, numbers in its text may look like one.
    let joined = |reply: &Reply| reply.text().replace('\n', "");
    assert_eq!(read.code(), reply.code());
    if reply.status().is_some() || !reply.text().contains('.') {
        assert_eq!((read.status(), joined(&read)), (reply.status(), joined(reply)));
    }
}
