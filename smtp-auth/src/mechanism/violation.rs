use std::fmt;

use rsasl::mechanism::{MechanismError, MechanismErrorKind};

/// What a client's message breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Violation {
    /// It does not follow the mechanism's grammar.
    Grammar,
    /// It wants a channel binding where there is none, or wants none where there must be one.
    ChannelBinding,
    /// It did not see the mechanisms with channel binding that were offered.
    Downgrade,
    /// It demands an extension that nobody here knows (`m=`).
    Extension,
    /// It does not repeat what was said before, a nonce for example.
    Mismatch,
    /// The exchange is over.
    Over,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Grammar => "the message does not follow the grammar",
            Self::ChannelBinding => "the message does not fit the mechanism's channel binding",
            Self::Downgrade => "the client did not see the offer of channel binding",
            Self::Extension => "a mandatory extension is not supported",
            Self::Mismatch => "the message does not belong to those before",
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
