use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use super::{AddressError, Cursor, MAX_LOCAL_PART};

/// What stands before the `@`: a dot-string or a quoted string (RFC 5321 section 4.1.2), in UTF-8
/// where that is allowed (RFC 6531 section 3.3).
///
/// Compares by meaning: `"joe"` is `joe`. Case is kept and counts.
#[derive(Clone)]
pub struct LocalPart(Arc<str>);

impl LocalPart {
    /// The local part as it was written, with quotes and backslashes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it was written as a quoted string.
    pub fn is_quoted(&self) -> bool {
        self.0.starts_with('"')
    }

    /// Its meaning: the text without quotes and backslashes.
    pub fn unquoted(&self) -> Cow<'_, str> {
        match self.0.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
            None => Cow::Borrowed(&self.0),
            Some(inner) if !inner.contains('\\') => Cow::Borrowed(inner),
            Some(inner) => {
                let mut meaning = String::with_capacity(inner.len());
                let mut characters = inner.chars();
                while let Some(character) = characters.next() {
                    meaning.extend(if character == '\\' { characters.next() } else { Some(character) });
                }
                Cow::Owned(meaning)
            }
        }
    }

    pub(crate) fn parse(cursor: &mut Cursor<'_>) -> Result<Self, AddressError> {
        let start = cursor.clone();
        if cursor.eat(b'"') {
            quoted_string(cursor)?;
        } else {
            dot_string(cursor)?;
        }
        let written = cursor.since(&start);
        if written.len() > MAX_LOCAL_PART {
            return Err(AddressError::LocalPartTooLong);
        }
        match std::str::from_utf8(written) {
            // Beyond ASCII, too, there are control characters.
            Ok(written) if !written.chars().any(char::is_control) => Ok(Self(written.into())),
            _ => Err(AddressError::LocalPart),
        }
    }
}

/// `atext` of RFC 5322 section 3.2.3.
fn is_atext(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

fn dot_string(cursor: &mut Cursor<'_>) -> Result<(), AddressError> {
    loop {
        if cursor.take_text(is_atext).is_empty() {
            return Err(AddressError::LocalPart);
        }
        if !cursor.eat(b'.') {
            return Ok(());
        }
    }
}

/// The rest of a quoted string, behind its opening quote.
fn quoted_string(cursor: &mut Cursor<'_>) -> Result<(), AddressError> {
    loop {
        cursor.take_text(|byte| matches!(byte, 32..=33 | 35..=91 | 93..=126));
        if cursor.eat(b'"') {
            return Ok(());
        }
        if !(cursor.eat(b'\\') && cursor.peek().is_some_and(|byte| matches!(byte, 32..=126))) {
            return Err(AddressError::LocalPart);
        }
        cursor.advance();
    }
}

impl FromStr for LocalPart {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let mut cursor = Cursor::new(text.as_bytes());
        let local_part = Self::parse(&mut cursor)?;
        if cursor.is_empty() { Ok(local_part) } else { Err(AddressError::LocalPart) }
    }
}

impl PartialEq for LocalPart {
    fn eq(&self, other: &Self) -> bool {
        self.unquoted() == other.unquoted()
    }
}

impl Eq for LocalPart {}

impl Hash for LocalPart {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.unquoted().hash(state);
    }
}

impl fmt::Display for LocalPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for LocalPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalPart({})", self.0)
    }
}
