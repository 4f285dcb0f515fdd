//! Addresses within a field, as far as one has to be found.

use smtp_core::Mailbox;

/// Whether a list of mailboxes (RFC 5322 section 3.4) has this one. Names in quotes and comments do not
/// count: anybody may call himself by another's address.
pub(super) fn names(list: &[u8], mailbox: &Mailbox) -> bool {
    let list = without_names(&String::from_utf8_lossy(list));
    let wanted = mailbox.to_string();
    list.split([',', ';', '<', '>', ':'])
        .any(|part| part.split_whitespace().collect::<String>().eq_ignore_ascii_case(&wanted))
}

/// The list without comments, and without quoted strings that are no local parts.
fn without_names(list: &str) -> String {
    let mut kept = String::new();
    let mut characters = list.chars().peekable();
    let mut depth = 0_usize;
    while let Some(character) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            '"' => {
                let mut quoted = String::from('"');
                while let Some(character) = characters.next() {
                    quoted.push(character);
                    match character {
                        '\\' => quoted.extend(characters.next()),
                        '"' => break,
                        _ => {}
                    }
                }
                if characters.peek() == Some(&'@') {
                    kept.push_str(&quoted);
                }
            }
            character => kept.push(character),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_where_it_is_one() {
        let joe: Mailbox = "joe@example.org".parse().unwrap();
        for (list, expected) in [
            ("joe@example.org", true),
            (" Joe Doe <JOE@example.org>\r\n", true),
            ("jane@x, \"Doe, Joe\" <joe@example.org>", true),
            ("jane@x,\r\n joe@example.org (Joe)", true),
            ("friends: joe@example.org, jane@x;", true),
            ("<@relay.example:joe@example.org>", true),
            ("\"joe@example.org\" <evil@x>", false),
            ("evil@x (joe@example.org)", false),
            ("evil@x ((a) joe@example.org)", false),
            ("\"a\\\" <joe@example.org>\" <evil@x>", false),
            ("notjoe@example.org, joe@example.org.evil", false),
            ("", false),
        ] {
            assert_eq!(names(list.as_bytes(), &joe), expected, "{list}");
        }
        let quoted: Mailbox = "\"j, d\"@x".parse().unwrap();
        assert!(!names(b"joe@example.org", &quoted));
    }
}
