use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use smtp_core::{BoxError, Domain};

use super::ReverseName;

/// Who has as many names has none that matters.
const MOST_NAMES: usize = 5;

/// Where addresses and names are looked up. Implementations may be written with `async fn`.
pub trait NameLookup: Send + Sync + 'static {
    /// The names that an address leads to (PTR); none if there are none.
    ///
    /// # Errors
    /// If there is no telling now.
    fn names(&self, address: IpAddr) -> impl Future<Output = Result<Vec<Domain>, BoxError>> + Send;

    /// The addresses that a name leads to (A, AAAA); none if there are none.
    ///
    /// # Errors
    /// If there is no telling now.
    fn addresses(&self, name: &Domain) -> impl Future<Output = Result<Vec<IpAddr>, BoxError>> + Send;
}

impl<L: NameLookup> NameLookup for Arc<L> {
    async fn names(&self, address: IpAddr) -> Result<Vec<Domain>, BoxError> {
        (**self).names(address).await
    }

    async fn addresses(&self, name: &Domain) -> Result<Vec<IpAddr>, BoxError> {
        (**self).addresses(name).await
    }
}

/// Which of the names leads back to the address; none either if the lookup takes too long.
pub(super) async fn reverse<L: NameLookup>(lookup: &L, address: IpAddr, limit: Duration) -> ReverseName {
    match tokio::time::timeout(limit, search(lookup, address)).await {
        Ok(Ok(name)) => name,
        Ok(Err(error)) => {
            tracing::debug!(%address, %error, "the name of a client cannot be looked up");
            ReverseName::Unknown
        }
        Err(_) => {
            tracing::debug!(%address, "the name of a client takes too long to look up");
            ReverseName::Unknown
        }
    }
}

async fn search<L: NameLookup>(lookup: &L, address: IpAddr) -> Result<ReverseName, BoxError> {
    let names = lookup.names(address).await?;
    if names.is_empty() {
        return Ok(ReverseName::Missing);
    }
    for name in names.into_iter().take(MOST_NAMES) {
        let addresses = lookup.addresses(&name).await?;
        if addresses.iter().any(|known| known.to_canonical() == address) {
            return Ok(ReverseName::Confirmed(name));
        }
    }
    Ok(ReverseName::Unconfirmed)
}
