//! What no input may do to the parsers, the codec and whole sessions.
//!
//! Each module has one function `check` that takes octets and panics if an invariant is broken.
//! `fuzz_targets` calls them with what libFuzzer makes up. This file is also the test `fuzz_corpus` of
//! `smtp-server`, which calls them with the inputs that are kept in `corpus`.

pub mod auth;
pub mod codec;
pub mod command;
#[cfg(test)]
mod corpus;
mod cuts;
pub mod login;
mod parameter;
pub mod reply;
pub mod session;
mod stub_tls;
mod wire;
