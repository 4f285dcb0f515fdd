use std::sync::Arc;

use smtp_core::{BoxError, Query, Session};

use super::Entry;

/// Where VRFY and EXPN are looked up.
///
/// What the client asks for is free text: a mailbox with or without angle brackets, a user or
/// list name, a full name. Implementations may be written with `async fn`.
///
/// # Errors
/// An error is answered with `451 4.3.0` and logged; one that is a [`Reply`](smtp_core::Reply)
/// is the answer itself.
pub trait Directory: Send + Sync + 'static {
    /// Whom the query means.
    fn verify(
        &self,
        query: &Query,
        session: &Session,
    ) -> impl Future<Output = Result<Verification, BoxError>> + Send;

    /// The members of the list that the query means; `None` if there is no such list.
    fn expand(
        &self,
        query: &Query,
        session: &Session,
    ) -> impl Future<Output = Result<Option<Vec<Entry>>, BoxError>> + Send;
}

/// What a directory knows of the argument of VRFY.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verification {
    /// It is this mailbox: 250 2.1.5.
    Found(Entry),
    /// It is one of these, as far as they may be told: 553 5.1.4.
    Ambiguous(Vec<Entry>),
    /// There is none: 550 5.1.1.
    Unknown,
    /// The directory cannot tell, of a mailbox elsewhere for example: 252 2.0.0.
    Unverifiable,
}

impl<D: Directory> Directory for Arc<D> {
    async fn verify(&self, query: &Query, session: &Session) -> Result<Verification, BoxError> {
        (**self).verify(query, session).await
    }

    async fn expand(&self, query: &Query, session: &Session) -> Result<Option<Vec<Entry>>, BoxError> {
        (**self).expand(query, session).await
    }
}
