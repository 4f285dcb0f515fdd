//! What the program can be told to do.

mod check;
mod name;
mod password;
mod serve;
mod user;

use smtp_server::BoxError;

use crate::cli::{Arguments, Command};
use crate::config::Config;

pub(crate) fn run(arguments: &Arguments) -> Result<(), BoxError> {
    let config = Config::load(arguments.config.as_deref(), arguments.data.as_deref())?;
    match &arguments.command {
        None => serve::run(config),
        Some(Command::Check) => check::run(&config),
        Some(Command::User(command)) => user::run(&config, command),
    }
}
