//! The client's side of SMTP: where a message goes, and the seams at which TLS and AUTH come in.
//!
//! A delivery that speaks SMTP to others knows neither a TLS nor a SASL library. It asks a
//! [`ClientTls`] whether and how to protect the connection to a [`Destination`], and a
//! [`ClientAuth`] whether and how to log in there; whoever composes the server fills both in.

mod auth;
mod destination;
mod tls;

pub use auth::{AuthExchange, AuthOffer, ClientAuth};
pub use destination::Destination;
pub use tls::{ClientTls, TlsDecision, TlsDemand, TlsOutcome};
