//! What clients can make a server hold in memory.

mod attack;
mod resident;

pub use attack::{ATTACKS, Attack};
pub use resident::{resident, resident_now};
