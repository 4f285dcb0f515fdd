use smtp_core::DialogueError;

use crate::store::StoreError;
use crate::throttle::Refusal;

/// Why nobody was authenticated.
pub(super) enum Failure {
    /// The client did not prove what it claims, or may not act for whom it wants to.
    Refused {
        /// For the log, where it is known.
        name: Option<String>,
        /// What the mechanism says to it.
        last: Option<Vec<u8>>,
    },
    /// It did, but with a password or an account that is no longer good.
    Expired { name: Option<String> },
    /// It was not looked at.
    Throttled {
        /// For the log, where it is known.
        name: Option<String>,
        refusal: Refusal,
    },
    /// The store cannot say.
    Unavailable(StoreError),
    /// The exchange broke.
    Dialogue(DialogueError),
    /// The mechanism takes none.
    InitialResponse,
}

impl From<DialogueError> for Failure {
    fn from(error: DialogueError) -> Self {
        Self::Dialogue(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Unavailable(error)
    }
}

impl Failure {
    pub(super) fn refused(name: Option<String>) -> Self {
        Self::Refused { name, last: None }
    }
}
