//! What a store of a queue costs by itself.

mod dead;
mod measure;
mod message;
mod place;

pub use dead::deliver_beside;
pub use measure::{Figure, deliver, fill, operate};
pub use message::message;
pub use place::{OpenStore, Place};
