//! Benchmarks of the codec, the layers and the whole server.
//!
//! `compare` measures what servers cost, side by side and alternating in one run; [`floor`] is
//! the least that a server can cost, and [`load`] is what drives them. [`memory`] is what clients can
//! make a server hold, and [`stores`] what the store of a queue costs. `durable` compares servers whose
//! messages are on disk before they are answered.

pub mod compare;
pub mod floor;
pub mod handshakes;
pub mod load;
pub mod memory;
pub mod stores;
