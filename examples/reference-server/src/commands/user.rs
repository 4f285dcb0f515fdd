use smtp_server::BoxError;
use smtp_server::auth::UserFile;

use super::password;
use crate::bootstrap;
use crate::cli::UserCommand;
use crate::config::Config;

pub(super) fn run(config: &Config, command: &UserCommand) -> Result<(), BoxError> {
    bootstrap::data_folder(&config.data_dir)?;
    let users = UserFile::open_or_create(&config.users)?;
    match command {
        UserCommand::Add { name } => {
            if is_known(&users, name)? {
                return Err(format!("there is a user {name} already; change the password with passwd").into());
            }
            users.set(name, &password::read()?)?;
        }
        UserCommand::Passwd { name } => {
            if !is_known(&users, name)? {
                return Err(unknown(name));
            }
            users.set(name, &password::read()?)?;
        }
        UserCommand::Remove { name } => {
            if !users.remove(name)? {
                return Err(unknown(name));
            }
        }
        UserCommand::List => users.names()?.iter().for_each(|name| println!("{name}")),
    }
    Ok(())
}

fn is_known(users: &UserFile, name: &str) -> Result<bool, BoxError> {
    Ok(users.names()?.iter().any(|known| known == name))
}

fn unknown(name: &str) -> BoxError {
    format!("there is no user {name}; see the names with list").into()
}
