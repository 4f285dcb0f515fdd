//! What an operator asks of the queue of a running server: by a socket in the data folder, which answers nobody
//! but root and the server's own user.
//!
//! A request is one line. The answer are lines that begin with `|` and are shown, and then one that says how it
//! ended: `ok`, or `failed` and why.

mod answer;
mod ask;
mod listing;
mod request;
mod socket;

pub(crate) use ask::ask;
pub(crate) use request::{Request, Which};
pub(crate) use socket::Desk;

use std::path::{Path, PathBuf};

/// The socket of the server whose data folder this is.
fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("operator")
}

const SHOWN: char = '|';
const OK: &str = "ok";
const FAILED: &str = "failed ";
