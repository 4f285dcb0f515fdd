use std::fmt;
use std::sync::Arc;

use smtp_core::client::{AuthExchange, AuthOffer, ClientAuth};
use smtp_core::{BoxError, BoxFuture};

use super::choice;
use super::source::CredentialSource;

/// Logs in with the credentials of a source; see the [module](super). Cheap to clone.
///
/// Where the source has credentials for a destination and they cannot be used there, because the
/// server offers no AUTH, no mechanism for them, or none that is safe enough, that is an error: the
/// message waits. Without credentials it goes on without AUTH.
#[derive(Clone)]
pub struct AuthClient {
    source: Arc<dyn CredentialSource>,
}

impl AuthClient {
    /// A client with this source: [`Credentials`](super::Credentials) for all,
    /// [`ByDestination`](super::ByDestination), or a closure.
    pub fn new(source: impl CredentialSource) -> Self {
        Self { source: Arc::new(source) }
    }
}

impl ClientAuth for AuthClient {
    fn begin(&self, offer: AuthOffer) -> BoxFuture<Result<Option<Box<dyn AuthExchange>>, BoxError>> {
        let credentials = self.source.credentials(&offer.destination);
        Box::pin(async move {
            let Some(credentials) = credentials.await? else { return Ok(None) };
            let choice = choice::choose(&credentials, &offer)?;
            Ok(Some(choice.begin(&credentials, &offer)?))
        })
    }
}

impl fmt::Debug for AuthClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AuthClient")
    }
}
