//! The thread that a notification belongs to: that of the message that it is about (RFC 5322 section 3.6.4).

use std::collections::VecDeque;

use super::original_content::OriginalContent;

/// The most messages that a thread is followed back.
const MAX_REFERENCES: usize = 20;
/// The longest name of a message that is repeated, in octets.
const MAX_LENGTH: usize = 250;

/// The names of messages, in their brackets.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Thread {
    pub(super) in_reply_to: Option<String>,
    pub(super) references: Vec<String>,
}

impl Thread {
    pub(super) fn of(original: &OriginalContent) -> Self {
        let mut id = None;
        let (mut references, mut parents) = (VecDeque::new(), Vec::new());
        for (name, value) in original.fields() {
            if name.eq_ignore_ascii_case("Message-ID") && id.is_none() {
                id = message_ids(value).next();
            } else if name.eq_ignore_ascii_case("References") {
                references.extend(message_ids(value));
            } else if name.eq_ignore_ascii_case("In-Reply-To") {
                parents.extend(message_ids(value));
            }
        }
        let Some(id) = id else { return Self::default() };
        // Where it is an answer to one message, that goes before.
        if references.is_empty() && parents.len() == 1 {
            references.extend(parents);
        }
        references.push_back(id);
        while references.len() > MAX_REFERENCES {
            // The first one is what threads are found by.
            references.remove(1);
        }
        Self {
            in_reply_to: Some(id.to_owned()),
            references: references.into_iter().map(str::to_owned).collect(),
        }
    }
}

/// The well-formed names in the value of a field.
fn message_ids(value: &str) -> impl Iterator<Item = &str> {
    value.split_ascii_whitespace().filter(|word| {
        let inner = word.strip_prefix('<').and_then(|word| word.strip_suffix('>'));
        let plain = |octet: u8| matches!(octet, b'!'..=b'~') && !matches!(octet, b'<' | b'>');
        word.len() <= MAX_LENGTH && inner.is_some_and(|inner| inner.contains('@') && inner.bytes().all(plain))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn thread(header: &str) -> (Option<String>, String) {
        let content = format!("{header}\r\n\r\n").into_bytes();
        let thread = Thread::of(&OriginalContent::read(content.into(), false, 100_000).await);
        (thread.in_reply_to, thread.references.join(" "))
    }

    #[tokio::test]
    async fn goes_on_where_the_message_was() {
        for (header, in_reply_to, references) in [
            ("Message-ID: <c@x>", Some("<c@x>"), "<c@x>"),
            ("Message-Id:\r\n <c@x>\r\nReferences: <a@x>\r\n\t<b@x>", Some("<c@x>"), "<a@x> <b@x> <c@x>"),
            ("In-Reply-To: <b@x>\r\nMessage-ID: <c@x>", Some("<c@x>"), "<b@x> <c@x>"),
            ("In-Reply-To: <a@x> <b@x>\r\nMessage-ID: <c@x>", Some("<c@x>"), "<c@x>"),
            ("References: <a@x>", None, ""),
            ("Message-ID: c@x", None, ""),
            ("Message-ID: <c@x\u{f6}>", None, ""),
            ("Message-ID: <c x>", None, ""),
        ] {
            let expected = (in_reply_to.map(str::to_owned), references.to_owned());
            assert_eq!(thread(header).await, expected, "{header:?}");
        }
    }

    #[tokio::test]
    async fn is_not_followed_for_ever() {
        let ids: Vec<_> = (0..100).map(|number| format!("<{number}@x>")).collect();
        let header = format!("Message-ID: <id@x>\r\nReferences: {}", ids.join("\r\n "));
        let (_, references) = thread(&header).await;
        assert!(references.starts_with("<0@x> <82@x> "), "{references}");
        assert!(references.ends_with(" <99@x> <id@x>"), "{references}");
        assert_eq!(thread(&format!("Message-ID: <{}@x>", "x".repeat(300))).await.0, None);
    }
}
