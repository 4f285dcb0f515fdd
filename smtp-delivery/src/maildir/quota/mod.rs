//! Quotas of mailboxes, by the specification of Maildir++: a file `maildirsize` in each mailbox says what
//! is allowed and adds up what is there.

mod count;
mod limits;
mod size_file;
mod usage;

pub use limits::Quota;
pub(super) use usage::{Refused, Usage};
