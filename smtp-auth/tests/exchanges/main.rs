//! Whole exchanges through the layer.

mod anonymous;
mod client;
mod external;
mod failures;
mod offer;
mod originator;
mod plaintext;
mod scram;
mod shared_secret;
mod tokens;
