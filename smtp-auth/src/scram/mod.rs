//! What SCRAM (RFC 5802) computes and what a server keeps for it.

mod arithmetic;
mod decoy;
mod hash;
mod keys;

pub(crate) use arithmetic::{ClientProof, Hash, client_proves, server_signature};
pub(crate) use decoy::{Decoy, PresentedKeys};
pub use hash::ScramHash;
pub use keys::{ScramCost, ScramKeys};
