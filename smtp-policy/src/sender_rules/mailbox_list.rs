//! The addresses of `From:` and its like (RFC 5322 sections 3.4 and 3.6.2).

use smtp_core::Mailbox;

/// Comments within comments.
const DEEPEST: usize = 20;

/// The addresses, without their names; `None` if there is anything that two programs could read
/// differently: groups, routes, white space within addresses, parts that are empty.
pub(super) fn parse(value: &str) -> Option<Vec<Mailbox>> {
    let mut mailboxes = Vec::new();
    let mut rest = value.chars();
    let mut part = Part::default();
    while let Some(character) = rest.next() {
        match character {
            '(' => skip_comment(&mut rest)?,
            '"' => part.push_all(&delimited(&mut rest, '"')?),
            '[' => part.push_all(&delimited(&mut rest, ']')?),
            '<' if part.angle.is_none() => part.angle = Some(String::new()),
            '>' if part.angle.is_some() && !part.closed => part.closed = true,
            ',' if part.angle.is_none() || part.closed => {
                mailboxes.push(std::mem::take(&mut part).mailbox()?);
            }
            ')' | ']' | '<' | '>' | ',' | ':' | ';' => return None,
            character if character.is_control() && character != '\t' => return None,
            character => part.push(character),
        }
    }
    mailboxes.push(part.mailbox()?);
    Some(mailboxes)
}

/// What stands between two commas.
#[derive(Default)]
struct Part {
    /// In front of the angle brackets, or all there is.
    plain: String,
    angle: Option<String>,
    closed: bool,
    /// Behind them.
    behind: String,
}

impl Part {
    fn push(&mut self, character: char) {
        match &mut self.angle {
            _ if self.closed => self.behind.push(character),
            Some(angle) => angle.push(character),
            None => self.plain.push(character),
        }
    }

    fn push_all(&mut self, text: &str) {
        text.chars().for_each(|character| self.push(character));
    }

    fn mailbox(self) -> Option<Mailbox> {
        let address = match self.angle {
            Some(angle) if self.closed && self.behind.trim().is_empty() => angle,
            Some(_) => return None,
            None => self.plain,
        };
        Mailbox::from_utf8(address.trim()).ok()
    }
}

/// Up to the end of a comment that has begun.
fn skip_comment(rest: &mut std::str::Chars<'_>) -> Option<()> {
    let mut depth = 1;
    while depth > 0 {
        match rest.next()? {
            '\\' => drop(rest.next()?),
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth > DEEPEST {
            return None;
        }
    }
    Some(())
}

/// What began with a quote or a bracket, with both.
fn delimited(rest: &mut std::str::Chars<'_>, end: char) -> Option<String> {
    let mut text = String::from(if end == ']' { '[' } else { end });
    loop {
        let character = rest.next()?;
        text.push(character);
        match character {
            '\\' => text.push(rest.next()?),
            _ if character == end => return Some(text),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn addresses(value: &str) -> Option<String> {
        let all: Vec<String> = parse(value)?.iter().map(ToString::to_string).collect();
        Some(all.join(" "))
    }

    #[test]
    fn addresses_are_found() {
        for (value, expected) in [
            ("joe@example.org", "joe@example.org"),
            ("Joe Doe <joe@example.org>", "joe@example.org"),
            ("<joe@example.org>", "joe@example.org"),
            ("\"Doe, Joe <ann@example.org>\" <joe@example.org>", "joe@example.org"),
            ("joe@example.org (ann@example.org, \\) (nested))", "joe@example.org"),
            ("(a) joe@example.org", "joe@example.org"),
            ("Joe <joe@example.org> (Joe)", "joe@example.org"),
            ("joe@example.org, Ann <ann@example.org>", "joe@example.org ann@example.org"),
            ("\"joe doe\"@example.org", "\"joe doe\"@example.org"),
            ("joe@[192.0.2.1]", "joe@[192.0.2.1]"),
            ("joe@[IPv6:2001:db8::1]", "joe@[IPv6:2001:db8::1]"),
            ("=?utf-8?q?J=C3=B6?= <joe@example.org>", "joe@example.org"),
            ("J\u{f6} <j\u{f6}@example.org>", "j\u{f6}@example.org"),
        ] {
            assert_eq!(addresses(value).as_deref(), Some(expected), "{value}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_read() {
        for value in [
            "",
            ",",
            "joe@example.org,",
            "joe",
            "<>",
            "joe@example.org ann@example.org",
            "joe@example.org <ann@example.org>x",
            "<joe@example.org> <ann@example.org>",
            "<joe@example.org",
            "joe@example.org>",
            "<<joe@example.org>>",
            "<@relay.example:joe@example.org>",
            "staff: joe@example.org;",
            "joe@example.org; ann@example.org",
            "<joe@example.org, ann@example.org>",
            "joe @example.org",
            "joe@example.org (open",
            "\"open <joe@example.org>",
            "joe@example.org)",
            "joe@example.org\0",
        ] {
            assert_eq!(addresses(value), None, "{value}");
        }
        assert_eq!(addresses(&format!("joe@example.org {}x{}", "(".repeat(30), ")".repeat(30))), None);
    }

    proptest! {
        #[test]
        fn nothing_panics_and_every_address_was_written(value in "([a-b@.<>(),\"\\\\\\[\\]: ]|\\PC){0,30}") {
            for mailbox in parse(&value).unwrap_or_default() {
                prop_assert!(value.contains(&mailbox.local_part().to_string()), "{mailbox}");
            }
        }
    }
}
