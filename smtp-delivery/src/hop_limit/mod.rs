//! Messages that go in circles.

mod layer;
mod scan;

pub use layer::{HopLimit, HopLimitLayer};
