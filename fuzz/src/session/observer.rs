//! Reads both directions of the wire as somebody in between would, to whom only the replies tell what
//! the octets of the client are.

use super::setup::Setup;
use crate::codec::{find, normalised, unstuffed};
use crate::wire::Seen;

/// The contents of all messages that were accepted for somebody.
///
/// # Panics
/// If a reply is missing or one too many, or the session goes on where it must end.
pub(super) fn accepted(input: &[u8], replies: &[Seen], setup: &Setup) -> Vec<Vec<u8>> {
    let (greeting, replies) = replies.split_first().expect("a greeting");
    assert_eq!(greeting.code, 220);
    let mut observer = Observer {
        rest: input,
        replies,
        setup,
        binary: false,
        accepted: Vec::new(),
        recipients: 0,
        chunks: None,
        may_end: false,
        may_leave: setup.auth && find(&input.to_ascii_uppercase(), b"AUTH").is_some(),
    };
    while observer.command().is_some() {}
    assert!(observer.replies.is_empty(), "replies to nothing: {:?}", observer.replies);
    observer.accepted
}

struct Observer<'a> {
    rest: &'a [u8],
    replies: &'a [Seen],
    setup: &'a Setup,
    /// The open transaction's content is no lines.
    binary: bool,
    accepted: Vec<Vec<u8>>,
    /// Those of the open transaction that were accepted.
    recipients: usize,
    /// The message that comes in by BDAT.
    chunks: Option<Vec<u8>>,
    /// The server may close the connection behind the last reply, with nothing more said.
    may_end: bool,
    /// Who leaves while a password is checked is not waited for, and replies that waited for the one
    /// to AUTH are lost.
    may_leave: bool,
}

impl<'a> Observer<'a> {
    /// One command with all that belongs to it; `None` if it was the last.
    fn command(&mut self) -> Option<()> {
        let line = self.line()?;
        let (verb, arguments) = split(line);
        if verb == "BDAT" {
            return self.chunk(line, arguments);
        }
        let code = self.reply()?.code;
        if verb != "NOOP" && self.chunks.take().is_some() {
            self.recipients = 0;
        }
        match (&*verb, code) {
            (_, 421) | ("QUIT", 221) => None,
            ("DATA", 354) => self.data(),
            ("DATA", _) => {
                // What came behind it without waiting may be content.
                self.may_end = true;
                if !matches!(code, 500 | 501 | 503) {
                    self.recipients = 0;
                }
                Some(())
            }
            ("AUTH", 334) => self.auth(),
            ("MAIL" | "RSET" | "EHLO" | "HELO" | "LHLO", 250) | ("STARTTLS", 220) => {
                self.recipients = 0;
                self.binary = find(&line.to_ascii_uppercase(), b" BODY=BINARYMIME").is_some();
                Some(())
            }
            ("RCPT", 250) => {
                self.recipients += 1;
                Some(())
            }
            ("GET" | "POST" | "PUT" | "HEAD" | "OPTIONS" | "CONNECT", 500) => {
                self.may_end = true;
                Some(())
            }
            _ => {
                assert!(!(300..400).contains(&code), "{code} to {verb}");
                // Nobody knows where its chunk ends.
                let chunk = line.get(..4).is_some_and(|verb| verb.eq_ignore_ascii_case(b"BDAT"));
                self.may_end = chunk && matches!(code, 500 | 501);
                Some(())
            }
        }
    }

    /// Content up to `CRLF.CRLF`.
    fn data(&mut self) -> Option<()> {
        let end = match find(self.rest, b"\r\n.\r\n") {
            _ if self.rest.starts_with(b".\r\n") => Some(0),
            found => found.map(|at| at + 2),
        };
        let raw = &self.rest[..end.unwrap_or(self.rest.len())];
        self.may_end = end.is_none();
        self.rest = &self.rest[end.map_or(self.rest.len(), |end| end + 3)..];
        let first = self.reply()?;
        let accepted = self.outcome(first);
        if accepted {
            assert!(end.is_some(), "a message without end was accepted");
            self.accept(raw, unstuffed(raw));
        }
        // What nobody wants is read up to a limit only.
        self.may_end = !accepted;
        end.filter(|_| first.code != 421).map(drop)
    }

    /// BDAT, whose octets belong to it whatever the reply is.
    fn chunk(&mut self, line: &[u8], arguments: Option<&str>) -> Option<()> {
        let (size, tail) = arguments.map_or(("", None), |arguments| match arguments.split_once(' ') {
            Some((size, tail)) => (size, Some(tail)),
            None => (arguments, None),
        });
        let readable = line.len() + 2 <= 512 && line.iter().all(|octet| matches!(octet, b' '..=b'~' | b'\t'));
        let size = Some(size).filter(|size| readable && size.bytes().all(|octet| octet.is_ascii_digit()));
        let size = size.and_then(|size| size.parse::<i64>().ok());
        let Some(size) = size.and_then(|size| usize::try_from(size).ok()) else {
            let code = self.reply()?.code;
            assert!(code >= 400, "{code} to a chunk whose end nobody knows");
            return None;
        };
        let last = tail.is_some_and(|tail| tail.eq_ignore_ascii_case("LAST"));
        let well_formed = tail.is_none() || last;
        let octets = self.rest.split_at_checked(size);
        let (octets, rest) = octets.unwrap_or((self.rest, b""));
        let whole = octets.len() == size;
        self.rest = rest;
        self.may_end |= !whole;
        let code = self.reply()?.code;
        self.may_end = !whole || code != 250;
        let begun = self.chunks.is_some();
        if well_formed && (code == 250 || self.recipients > 0) {
            let mut content = self.chunks.take().unwrap_or_default();
            content.extend_from_slice(octets);
            let accepted = if last { self.outcome(Seen { code, lines: 1 }) } else { code == 250 };
            assert!(!accepted || whole, "a chunk was accepted that was not sent");
            if accepted && last {
                self.accept(&content, content.clone());
            } else if accepted {
                self.chunks = Some(content);
            } else {
                self.recipients = 0;
            }
        } else {
            assert!(code >= 400, "{code} to a chunk that belongs to nothing");
            self.chunks = None;
            if begun {
                self.recipients = 0;
            }
        }
        (whole && code != 421).then_some(())
    }

    /// A message was accepted that came as `raw` and says `content`.
    fn accept(&mut self, raw: &[u8], content: Vec<u8>) {
        let as_it_is = self.binary || keeps_line_discipline(raw);
        assert!(as_it_is || self.setup.normalises, "accepted: {:?}", raw.escape_ascii().to_string());
        self.accepted.push(if as_it_is { content } else { normalised(&content) });
    }

    /// The replies to a message, of which the first is known; whether one of them accepts it.
    fn outcome(&mut self, first: Seen) -> bool {
        let more = if self.setup.lmtp { self.recipients - 1 } else { 0 };
        let mut accepted = first.code == 250;
        for _ in 0..more {
            accepted |= self.reply().expect("a reply for each recipient").code == 250;
        }
        self.recipients = 0;
        accepted
    }

    /// Responses to the challenges of AUTH.
    fn auth(&mut self) -> Option<()> {
        loop {
            self.line()?;
            match self.reply()?.code {
                334 => {}
                421 => return None,
                _ => return Some(()),
            }
        }
    }

    /// The next line; nothing may be said to what is none.
    fn line(&mut self) -> Option<&'a [u8]> {
        let end = find(self.rest, b"\r\n")?;
        let line = &self.rest[..end];
        self.rest = &self.rest[end + 2..];
        Some(line)
    }

    /// The next reply; `None` if the session is over.
    fn reply(&mut self) -> Option<Seen> {
        let Some((first, rest)) = self.replies.split_first() else {
            assert!(
                self.may_end || self.may_leave,
                "no reply, with {:?} to come",
                self.rest.escape_ascii().to_string()
            );
            return None;
        };
        self.replies = rest;
        self.may_end = false;
        Some(*first)
    }
}

/// The verb in upper case, and what stands behind the space.
fn split(line: &[u8]) -> (String, Option<&str>) {
    let blank = line.iter().rev().take_while(|octet| matches!(octet, b' ' | b'\t')).count();
    let line = &line[..line.len() - blank];
    let end = line.iter().position(|octet| matches!(octet, b' ' | b'\t')).unwrap_or(line.len());
    let verb = String::from_utf8_lossy(&line[..end]).to_ascii_uppercase();
    (verb, line.get(end + 1..).and_then(|arguments| std::str::from_utf8(arguments).ok()))
}

/// Whether each CR and LF is one of a CRLF.
fn keeps_line_discipline(content: &[u8]) -> bool {
    let count = |octet: u8| content.iter().filter(|each| **each == octet).count();
    let pairs = content.windows(2).filter(|pair| pair == b"\r\n").count();
    count(b'\r') == pairs && count(b'\n') == pairs
}
