//! The seam between who must see a whole message and who knows where to keep one meanwhile.

use crate::{Body, BoxError};

/// Keeps whole messages, so that they can be read more than once.
///
/// This crate knows no place to keep them; a crate that has a runtime and files does.
pub trait Spool: Clone + Send + Sync + 'static {
    /// A message that is kept. Cheap to clone, and gone with its last clone.
    type Spooled: Replay;

    /// Reads a body to its end.
    ///
    /// # Errors
    /// The [`BodyError`](crate::BodyError) with which the body ended, or a [`Reply`](crate::Reply) where the
    /// message cannot be kept.
    fn spool(&self, body: Body) -> impl Future<Output = Result<Self::Spooled, BoxError>> + Send;
}

/// A message that can be read more than once.
pub trait Replay: Clone + Send + Sync + 'static {
    /// The content from its start.
    fn body(&self) -> Body;
}
