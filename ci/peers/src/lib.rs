//! Programs that this project did not write, started by its tests: each in a folder of its own, on a
//! socket or on a port that was free, and ended when it is dropped.
//!
//! All of it fails the test, with what the program said, rather than to return an error; so does a
//! program that is missing: `ci/test.sh` installs them all. No library may depend on this crate but for
//! its tests.

mod daemon;
mod dovecot;
mod exim;
mod https;
mod name_server;
pub mod pam;
mod pebble;
mod port;
mod postfix;
mod postgres;
mod program;
mod saslauthd;
mod script;
mod swaks;

pub use daemon::{Daemon, listening};
pub use dovecot::Dovecot;
pub use exim::Exim;
pub use https::HttpsServer;
pub use name_server::{NameServer, Zone};
pub use pebble::Pebble;
pub use port::free_port;
pub use postfix::Postfix;
pub use postgres::Postgres;
pub use program::{Ended, path_of, program, run, succeed, until};
pub use saslauthd::Saslauthd;
pub use script::Script;
pub use swaks::swaks;
