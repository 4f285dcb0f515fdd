//! What the store in a directory promises beyond other stores: about its directory, about processes that
//! are killed, and about disks that are full.
#![cfg(feature = "sqlite")]
// Much of it is in functions that tests call, which the lint does not know for tests.
#![allow(clippy::unwrap_used)]

mod directory;
mod full_disk;
mod kills;
mod messages;
