use smtp_core::BoxError;

/// A store cannot answer: its file is gone, its database or daemon does not.
///
/// The client hears 454 and a generic text; what is in here goes to the log.
#[derive(Debug, thiserror::Error)]
#[error("the credential store cannot answer: {0}")]
pub struct StoreError(#[source] BoxError);

impl StoreError {
    /// Wraps the reason.
    pub fn new(reason: impl Into<BoxError>) -> Self {
        Self(reason.into())
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::new(error)
    }
}
