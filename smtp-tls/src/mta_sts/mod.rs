//! MTA-STS (RFC 8461): domains publish over HTTPS which servers take their mail, and that these have
//! good certificates.

mod cache;
mod fetch;
mod lookup;
mod policy;
#[cfg(test)]
mod tests;

pub use lookup::MtaSts;
pub(crate) use policy::{Mode, Policy};
