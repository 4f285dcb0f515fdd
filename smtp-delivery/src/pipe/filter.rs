//! What of clients' values reaches a program.

/// The characters that are kept; in the place of others stands `_`.
#[derive(Debug, Clone, Default)]
pub(super) struct Filter {
    allowed: Option<Box<str>>,
}

impl Filter {
    pub(super) fn allowing(characters: &str) -> Self {
        Self { allowed: Some(characters.into()) }
    }

    pub(super) fn clean(&self, value: impl Into<String>) -> String {
        let value = value.into();
        if value.chars().all(|character| self.allows(character)) {
            return value;
        }
        value.chars().map(|character| if self.allows(character) { character } else { '_' }).collect()
    }

    /// A line's end would be one in whatever a program writes of its arguments, and with NUL there would
    /// be no program at all.
    fn allows(&self, character: char) -> bool {
        let control = character.is_control() || matches!(character, '\u{2028}' | '\u{2029}');
        !control && self.allowed.as_ref().is_none_or(|allowed| allowed.contains(character))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_allowed_is_replaced() {
        for (value, expected) in [
            ("joe@example.org", "joe@example.org"),
            ("a\nBcc: b\r\0c\u{1b}\u{85}\u{2028}\t", "a_Bcc: b__c____"),
            ("$(j\u{f6}e) `x`", "$(j\u{f6}e) `x`"),
            ("", ""),
        ] {
            assert_eq!(Filter::default().clean(value), expected);
        }
        assert_eq!(Filter::allowing("abc\n").clean("a$b\nC"), "a_b__");
    }
}
