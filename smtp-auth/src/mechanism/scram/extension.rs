//! Attributes that may come where the grammar ends.

use crate::mechanism::Violation;

/// Whether `text` is `attr-val` of RFC 5802 section 7: a letter, `=` and a value.
pub(super) fn check_extension(text: &str) -> Result<(), Violation> {
    match text.as_bytes() {
        [b'm', b'=', ..] => Err(Violation::Extension),
        [letter, b'=', _, ..] if letter.is_ascii_alphabetic() && !text.contains('\0') => Ok(()),
        _ => Err(Violation::Grammar),
    }
}
