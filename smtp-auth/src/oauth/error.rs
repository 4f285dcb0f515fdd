use crate::http_client::EndpointError;
use crate::trust::TrustError;

/// A store of tokens cannot be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OauthError {
    /// The address of the authorization server cannot be used.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The certificates to trust cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The rules do not say which issuer and which audience signed tokens have. Without them, a token
    /// that a user gave to another service would be good here.
    #[error("the rules for signed tokens name an issuer and an audience")]
    Rules,
}
