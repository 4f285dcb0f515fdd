use smtp_core::client::Destination;
use smtp_core::{BoxError, BoxFuture};

use super::Credentials;

/// Knows what to log in with.
///
/// Closures `Fn(Destination) -> impl Future<Output = Result<Option<Credentials>, BoxError>>` implement
/// it: for tokens that have to be fetched, for tables somewhere else.
///
/// ```
/// use smtp_auth::client::{AuthClient, Credentials};
/// use smtp_core::BoxError;
/// use smtp_core::client::Destination;
///
/// let client = AuthClient::new(|destination: Destination| async move {
///     let token = "fetched from somewhere";
///     let known = &*destination.host == "smtp.example.net";
///     Ok::<_, BoxError>(known.then(|| Credentials::token("joe@example.net", token)))
/// });
/// ```
pub trait CredentialSource: Send + Sync + 'static {
    /// The credentials for this destination; `None` to use it without AUTH.
    ///
    /// # Errors
    /// If there is no telling. The message then waits.
    fn credentials(&self, destination: &Destination) -> BoxFuture<Result<Option<Credentials>, BoxError>>;
}

impl CredentialSource for Credentials {
    /// The same for all destinations.
    fn credentials(&self, _: &Destination) -> BoxFuture<Result<Option<Credentials>, BoxError>> {
        let credentials = self.clone();
        Box::pin(async { Ok(Some(credentials)) })
    }
}

impl<F, Fut> CredentialSource for F
where
    F: Fn(Destination) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<Option<Credentials>, BoxError>> + Send + 'static,
{
    fn credentials(&self, destination: &Destination) -> BoxFuture<Result<Option<Credentials>, BoxError>> {
        Box::pin(self(destination.clone()))
    }
}
