//! TLS towards next hops: what is demanded of which, and the handshake.
//!
//! [`RelayTls`] decides for a delivery that speaks SMTP to others, by a table of destinations and by
//! what domains publish.
//!
//! ```
//! use smtp_core::client::{ClientTls, Destination, TlsDecision, TlsDemand};
//! use smtp_tls::{Demand, RelayTls};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let tls = RelayTls::builder()
//!     .default_demand(Demand::Opportunistic)
//!     .demand_for("old.example.net", Demand::Never)
//!     .demand_for("smtp.example.com", Demand::Verified)
//!     .build()?;
//!
//! let smart_host = Destination::new("smtp.example.com", 587);
//! assert!(matches!(tls.decide(&smart_host, TlsDemand::None).await?, TlsDecision::Required(_)));
//! let old = Destination::new("old.example.net", 25);
//! assert!(matches!(tls.decide(&old, TlsDemand::None).await?, TlsDecision::Never));
//! # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
//! # }).unwrap();
//! ```

mod builder;
mod decide;
mod demand;
mod error;
mod handshake;
mod reference;
mod report;
#[cfg(test)]
mod tests;
mod verifier;

pub use builder::RelayTlsBuilder;
pub use decide::RelayTls;
#[cfg(feature = "dane")]
pub(crate) use decide::server_name;
pub use demand::Demand;
pub use error::HandshakeError;
pub use report::{PolicyKind, TlsFailure, TlsReport};
