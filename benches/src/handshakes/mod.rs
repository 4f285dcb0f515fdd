//! What a TLS handshake behind STARTTLS costs a server: the client that makes them, and the least
//! that a server can do.

mod client;
mod floor;

pub use client::{Handshakes, Kind};
pub use floor::serve;
