//! Whole exchanges through the layer.

mod client;
mod failures;
mod offer;
mod plaintext;
mod scram;
