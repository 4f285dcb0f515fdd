//! Passwords as stores keep them, and their verification at a bounded cost.

mod checks;
mod stored;

pub(crate) use checks::PasswordChecks;
pub(crate) use stored::{StoredPassword, decode_argon2id, decoy_argon2id};
