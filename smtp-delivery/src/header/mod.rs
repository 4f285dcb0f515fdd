//! The header of a message, read in front of its rest.

mod fields;
mod head;

pub(crate) use fields::{Field, fields};
pub(crate) use head::{End, Head};
