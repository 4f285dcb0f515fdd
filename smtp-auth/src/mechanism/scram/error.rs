use std::fmt;

use rsasl::mechanism::{MechanismError, MechanismErrorKind};

/// What a client's message breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Violation {
    /// It does not follow the grammar of RFC 5802 section 7.
    Grammar,
    /// It wants a channel binding, which this mechanism has not.
    ChannelBinding,
    /// It demands an extension that nobody here knows (`m=`).
    Extension,
    /// It does not repeat what was said before: the GS2 header or the nonce.
    Mismatch,
    /// The exchange is over.
    Over,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grammar => "the message does not follow the grammar",
            Self::ChannelBinding => "channel binding is not supported",
            Self::Extension => "a mandatory extension is not supported",
            Self::Mismatch => "the final message does not belong to the first",
            Self::Over => "the exchange is over",
        })
    }
}

impl std::error::Error for Violation {}

impl MechanismError for Violation {
    fn kind(&self) -> MechanismErrorKind {
        match self {
            Self::Grammar => MechanismErrorKind::Parse,
            _ => MechanismErrorKind::Protocol,
        }
    }
}

/// Whether `text` is `attr-val` of RFC 5802 section 7: a letter, `=` and a value.
pub(super) fn check_extension(text: &str) -> Result<(), Violation> {
    match text.as_bytes() {
        [b'm', b'=', ..] => Err(Violation::Extension),
        [letter, b'=', _, ..] if letter.is_ascii_alphabetic() && !text.contains('\0') => Ok(()),
        _ => Err(Violation::Grammar),
    }
}
