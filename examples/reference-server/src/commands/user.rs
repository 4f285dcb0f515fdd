use smtp_server::BoxError;
use smtp_server::auth::UserFile;

use super::name::Name;
use super::password;
use crate::bootstrap::users;
use crate::cli::{Kept, UserCommand};
use crate::config::Config;

pub(super) fn run(config: &Config, command: &UserCommand) -> Result<(), BoxError> {
    match command {
        UserCommand::Add { name, kept } => add(config, name, kept)?,
        UserCommand::Passwd { name, kept } => {
            let users = users(config)?;
            if !users.names()?.contains(name) {
                return Err(unknown(name));
            }
            set(&users, name, kept)?;
        }
        UserCommand::Remove { name } => {
            if !users(config)?.remove(name)? {
                return Err(unknown(name));
            }
        }
        UserCommand::List => users(config)?.names()?.iter().for_each(|name| println!("{name}")),
    }
    Ok(())
}

fn add(config: &Config, name: &str, kept: &Kept) -> Result<(), BoxError> {
    // Nothing is made for a name that cannot be used.
    let addresses = Name::parse(name)?.addresses(&config.local_domains);
    let users = users(config)?;
    is_free(&users, name)?;
    if addresses.is_empty() {
        eprintln!("warning: {name} can log in, but receives no mail: the domain is not in [local] domains");
    }
    set(&users, name, kept)?;
    if !addresses.is_empty() {
        println!("{name} receives mail for {}", addresses.join(", "));
    }
    Ok(())
}

fn set(users: &UserFile, name: &str, kept: &Kept) -> Result<(), BoxError> {
    let password = password::read()?;
    if kept.shared_secret {
        users.set_with_shared_secret(name, &password)?;
    } else {
        users.set(name, &password)?;
    }
    Ok(())
}

/// Recipients are the same in capitals and small letters: two such users would share their mail.
fn is_free(users: &UserFile, name: &str) -> Result<(), BoxError> {
    let names = users.names()?;
    let Some(known) = names.iter().find(|known| known.eq_ignore_ascii_case(name)) else { return Ok(()) };
    let remedy = if known == name {
        "change the password with passwd"
    } else {
        "capital and small letters make no difference to mail: choose another name"
    };
    Err(format!("there is a user {known} already; {remedy}").into())
}

fn unknown(name: &str) -> BoxError {
    format!("there is no user {name}; see the names with list").into()
}
