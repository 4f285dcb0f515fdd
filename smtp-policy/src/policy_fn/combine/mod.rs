//! Policies that are made of others.

mod and;
mod first_match;
mod not;
mod or;
mod when;

pub use and::And;
pub use first_match::{Cases, FirstMatch, first_match};
pub use not::Not;
pub use or::Or;
pub use when::When;

use std::any::type_name;
use std::borrow::Cow;

use super::Decision;

/// The decision of a part, which has the name of its type if it has no other.
fn of<P>(decision: Decision) -> Decision {
    decision.named(Cow::Borrowed(type_name::<P>()))
}
