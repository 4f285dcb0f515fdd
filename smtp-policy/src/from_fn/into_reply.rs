use smtp_core::{BoxError, Reply};

/// What the function of [`from_fn`](super::from_fn) may return: a [`Reply`], or a
/// `Result<Reply, BoxError>`.
///
/// An error becomes a reply at the edge of the stack: itself where it is a `Reply`, and 451
/// otherwise.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no answer to a command",
    note = "return a `Reply`, or a `Result<Reply, BoxError>`"
)]
pub trait IntoReply: sealed::Sealed + Send {
    /// The answer.
    ///
    /// # Errors
    /// If the function failed.
    fn into_reply(self) -> Result<Reply, BoxError>;
}

impl IntoReply for Reply {
    fn into_reply(self) -> Result<Reply, BoxError> {
        Ok(self)
    }
}

// For this error type alone: with others the compiler could not tell the type of `Ok(reply)` in
// a closure.
impl IntoReply for Result<Reply, BoxError> {
    fn into_reply(self) -> Self {
        self
    }
}

mod sealed {
    pub trait Sealed {}

    impl Sealed for smtp_core::Reply {}
    impl Sealed for Result<smtp_core::Reply, smtp_core::BoxError> {}
}
