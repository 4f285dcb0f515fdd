//! Header sections of messages (RFC 5322 section 2.2): read from a body that streams on, and fields to be
//! added.

mod encode;
mod field;
mod rejoined;
mod section;

pub(crate) use encode::encode;
pub use field::Field;
pub use section::HeaderSection;
