use std::net::Ipv4Addr;
use std::sync::Arc;

use smtp_core::BoxError;

/// Where lists are asked. Implementations may be written with `async fn`.
pub trait ListLookup: Send + Sync + 'static {
    /// The addresses under a name (A); none if there is no such name.
    ///
    /// # Errors
    /// If there is no telling now.
    fn answers(&self, name: &str) -> impl Future<Output = Result<Vec<Ipv4Addr>, BoxError>> + Send;

    /// The texts under a name (TXT); none if there are none.
    ///
    /// # Errors
    /// If there is no telling now.
    fn texts(&self, name: &str) -> impl Future<Output = Result<Vec<String>, BoxError>> + Send;
}

impl<L: ListLookup> ListLookup for Arc<L> {
    async fn answers(&self, name: &str) -> Result<Vec<Ipv4Addr>, BoxError> {
        (**self).answers(name).await
    }

    async fn texts(&self, name: &str) -> Result<Vec<String>, BoxError> {
        (**self).texts(name).await
    }
}
