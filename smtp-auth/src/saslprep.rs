//! SASLprep (RFC 4013): one form for names and passwords, however a client typed them.

use std::borrow::Cow;

use smtp_core::Secret;

/// The prepared form of a name; `None` if it is empty or holds what SASLprep prohibits, control
/// characters for example.
pub(crate) fn prepare(text: &str) -> Option<Cow<'_, str>> {
    stringprep::saslprep(text).ok().filter(|prepared| !prepared.is_empty())
}

/// The prepared form of a password; `None` as above, and if it is not UTF-8.
pub(crate) fn prepare_secret(secret: &Secret) -> Option<Secret> {
    Some(match prepare(secret.expose_str()?)? {
        Cow::Borrowed(text) => text.into(),
        Cow::Owned(text) => Secret::new(text.into_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_examples_of_the_rfc() {
        // RFC 4013 section 3.
        let table = [
            ("I\u{ad}X", Some("IX")),
            ("user", Some("user")),
            ("USER", Some("USER")),
            ("\u{aa}", Some("a")),
            ("\u{2168}", Some("IX")),
            ("\u{7}", None),
            ("\u{627}1", None),
            ("", None),
            ("\u{ad}", None),
            ("a\0b", None),
        ];
        for (text, prepared) in table {
            assert_eq!(prepare(text).as_deref(), prepared, "{text:?}");
        }
    }

    #[test]
    fn a_password_that_is_not_utf8_is_none() {
        assert!(prepare_secret(&Secret::new(vec![0xff])).is_none());
        assert_eq!(prepare_secret(&"I\u{ad}X".into()).unwrap().expose(), b"IX");
    }
}
