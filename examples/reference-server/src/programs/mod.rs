//! Members of aliases that are programs, as far as the site allows them.
//!
//! Such a member waits in the queue like any other: its recipient is the alias, and which program is meant
//! stands beside it, in a parameter that no client can give because no extension claims it. A program that
//! fails keeps nobody else waiting.

mod account;
mod command;
mod delivery;
mod mark;

use std::path::{Path, PathBuf};

pub(crate) use account::Account;
pub(crate) use delivery::delivery;
pub(crate) use mark::{destination, is_marked, marked};

/// The programs that may be members, and as whom they run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Programs {
    pub(crate) allowed: Vec<PathBuf>,
    /// As the server itself, if there is none.
    pub(crate) account: Option<Account>,
}

impl Programs {
    /// The words of a command that may be run; why it may not, otherwise.
    pub(crate) fn words(&self, command: &str) -> Result<Vec<String>, String> {
        let words = command::words(command).map_err(|error| error.to_string())?;
        let program = words.first().map(Path::new).unwrap_or(Path::new(""));
        if self.allowed.iter().any(|allowed| allowed == program) {
            return Ok(words);
        }
        Err(format!(
            "{} is not among [local] programs; name it there, or remove the member",
            program.display()
        ))
    }
}
