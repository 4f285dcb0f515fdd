//! What clients are called, as the DNS confirms it: the name that the address leads to, if the name leads
//! back to the address.
//!
//! The layer puts a [`ClientName`] into [`Session::connection`](smtp_core::Session::connection), where
//! [`AccessMapLayer`](crate::AccessMapLayer), [`RelayLayer`](crate::RelayLayer) and
//! [`ExpandLayer`](crate::ExpandLayer) find it. It belongs outside of them. STARTTLS empties the connection's
//! map, so the name is asked for again at the EHLO behind it.
//!
//! ```
//! use std::net::IpAddr;
//! use smtp_core::testing::{facts, request};
//! use smtp_core::{BoxError, Domain, Reply, Request};
//! use smtp_policy::client_name::{ClientName, ClientNameLayer, NameLookup};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! struct Table;
//!
//! impl NameLookup for Table {
//!     async fn names(&self, _: IpAddr) -> Result<Vec<Domain>, BoxError> {
//!         Ok(vec!["liar.example.net".parse()?, "mx.example.org".parse()?])
//!     }
//!
//!     async fn addresses(&self, name: &Domain) -> Result<Vec<IpAddr>, BoxError> {
//!         let known = *name == "mx.example.org".parse()?;
//!         Ok(if known { vec!["192.0.2.1".parse()?] } else { Vec::new() })
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let stack = ServiceBuilder::new().layer(ClientNameLayer::new(Table)).service(service_fn(
//!     |request: Request| async move {
//!         let name = request.session.connection().get::<ClientName>();
//!         Ok::<_, BoxError>(Reply::new(220, name.map_or("nobody".to_owned(), |name| name.0.to_string())))
//!     },
//! ));
//! let reply = stack.oneshot(request("", facts().session())).await?;
//! assert_eq!(reply.text(), "mx.example.org");
//! # Ok(())
//! # }
//! ```

#[cfg(feature = "dns")]
mod dns;
mod layer;
mod lookup;
mod service;
#[cfg(test)]
mod tests;

#[cfg(feature = "dns")]
pub use dns::DnsNames;
pub use layer::ClientNameLayer;
pub use lookup::NameLookup;
pub use service::ClientNameService;
use smtp_core::Domain;

/// The name of the client that the DNS confirms in both directions. Rules about names hold for no client
/// without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientName(pub Domain);

/// What came of looking a client's name up. Stands in the connection beside [`ClientName`], once it was.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReverseName {
    /// This name leads back to the address.
    Confirmed(Domain),
    /// There are names, and none of them leads back.
    Unconfirmed,
    /// The address has no name.
    Missing,
    /// There is no telling now.
    Unknown,
}
