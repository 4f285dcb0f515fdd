//! The cryptography under TLS: aws-lc-rs, or ring where it alone was chosen, or whatever the process
//! has installed where neither was.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
#[cfg(feature = "aws-lc-rs")]
use rustls::crypto::aws_lc_rs as chosen;
#[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
use rustls::crypto::ring as chosen;
use rustls::server::ProducesTickets;

use crate::TlsError;

/// The library that does the cryptography: `aws-lc-rs`, `ring`, or `installed` for what the process
/// has installed as the default of rustls.
pub const PROVIDER: &str = if cfg!(feature = "aws-lc-rs") {
    "aws-lc-rs"
} else if cfg!(feature = "ring") {
    "ring"
} else {
    "installed"
};

// The default of the process is not asked: it may be another, or there may be two and so none.
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
pub(crate) fn default() -> Result<CryptoProvider, TlsError> {
    Ok(chosen::default_provider())
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
pub(crate) fn default() -> Result<CryptoProvider, TlsError> {
    CryptoProvider::get_default()
        .map(|installed| CryptoProvider::clone(installed))
        .ok_or(TlsError::NoProvider)
}

/// Keys for tickets, which change every few hours. A provider that has none leaves it to the server
/// to remember its last sessions.
pub(crate) fn ticketer() -> Result<Option<Arc<dyn ProducesTickets>>, TlsError> {
    #[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
    return chosen::Ticketer::new().map(Some).map_err(TlsError::library);
    #[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
    Ok(None)
}
