//! What the program can be told to do.

mod cert;
mod check;
mod name;
mod password;
mod queue;
mod serve;
mod user;
mod version;

use smtp_server::BoxError;

use crate::cli::{Arguments, Command};
use crate::config::Config;

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    if arguments.version {
        version::print(arguments.verbose);
        return Ok(());
    }
    let config = Config::load(arguments.config.as_deref(), arguments.data.as_deref())?;
    match &arguments.command {
        None => serve::run(config),
        Some(Command::Check) => check::run(&config),
        Some(Command::Cert { names }) => cert::run(&config, names),
        Some(Command::Queue(command)) => queue::run(&config, command),
        Some(Command::User(command)) => user::run(&config, command),
    }
}
