//! Whether what a server writes keeps the form of replies (RFC 5321 section 4.2).

/// One reply: its code, and how many lines it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) code: u16,
    pub(crate) lines: usize,
}

/// Divides octets into replies, which are ASCII unless the client takes UTF-8.
///
/// # Panics
/// If they are anything else than whole and well-formed ones.
pub(crate) fn replies(octets: &[u8], utf8: bool) -> Vec<Seen> {
    let text = std::str::from_utf8(octets).expect("replies are UTF-8");
    assert!(text.is_empty() || text.ends_with("\r\n"), "a line without end: {text:?}");
    let (mut replies, mut open) = (Vec::new(), None::<Seen>);
    for line in text.split_terminator("\r\n") {
        assert!(line.len() + 2 <= 512, "a line of {} octets", line.len());
        let allowed = |c: char| matches!(c, ' '..='~') || utf8 && !c.is_ascii() && !c.is_control();
        assert!(line.chars().all(allowed), "{line:?}");
        let code = line.get(..3).and_then(|digits| digits.parse().ok()).expect("a code");
        assert!((200..600).contains(&code), "{line:?}");
        let seen = open.take().unwrap_or(Seen { code, lines: 0 });
        assert_eq!(seen.code, code, "one reply, one code: {line:?}");
        let seen = Seen { code, lines: seen.lines + 1 };
        match line.as_bytes().get(3) {
            Some(b'-') => open = Some(seen),
            Some(b' ') => replies.push(seen),
            _ => panic!("neither space nor hyphen behind the code: {line:?}"),
        }
    }
    assert_eq!(open, None, "a reply without a last line");
    replies
}
