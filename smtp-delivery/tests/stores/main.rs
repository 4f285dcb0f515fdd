//! What every store of a queue has to do, done with each of them.

// The tests are functions that others call, which the lint does not know for tests.
#![allow(clippy::unwrap_used)]

mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
mod suite;
