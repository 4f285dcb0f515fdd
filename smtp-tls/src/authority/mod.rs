//! Whom to believe: the CAs that certificates of peers are verified with, and the verdict on one.

mod authorities;
mod folder;
mod judge;
#[cfg(test)]
mod tests;

pub use authorities::Authorities;
pub(crate) use authorities::Loaded;
pub(crate) use judge::{Judge, problem, verdict};
