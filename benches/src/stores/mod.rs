//! What a store of a queue costs by itself.

mod measure;
mod message;

pub use measure::{Figure, deliver, fill, operate};
pub use message::message;
