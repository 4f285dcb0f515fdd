//! As whom a program runs.

use nix::unistd::{Uid, User, geteuid};
use tokio::process::Command;

use super::CommandError;
use super::command::Unfit;

/// A user and a group, of which each may be that of the server.
#[derive(Debug, Clone, Default)]
pub(super) struct Account {
    user: Option<u32>,
    /// The user's own group.
    primary: Option<u32>,
    pub(super) group: Option<u32>,
    /// It may be root's for want of another one.
    pub(super) may_be_root: bool,
}

impl Account {
    /// Another user, with its own group.
    pub(super) fn set_user(&mut self, id: u32) {
        let known = User::from_uid(Uid::from_raw(id));
        if let Err(error) = &known {
            tracing::error!(user = id, %error, "the user of a program cannot be looked up");
        }
        self.user = Some(id);
        self.primary = known.ok().flatten().map(|user| user.gid.as_raw());
    }

    /// The same by its name.
    pub(super) fn set_user_named(&mut self, name: &str) -> Result<(), CommandError> {
        let known = User::from_name(name);
        let user = known.ok().flatten().ok_or_else(|| CommandError::UnknownUser(name.to_owned()))?;
        self.user = Some(user.uid.as_raw());
        self.primary = Some(user.gid.as_raw());
        Ok(())
    }

    pub(super) fn apply(&self, command: &mut Command) -> Result<(), Unfit> {
        let own = geteuid().as_raw();
        // A program has to do with what strangers write: nobody runs it as root by oversight.
        if own == 0 && self.user.is_none() && !self.may_be_root {
            return Err(Unfit::Root);
        }
        match self.group.or(self.primary) {
            Some(group) => drop(command.gid(group)),
            // What the group of the server may do is not for others.
            None if self.user.is_some_and(|user| user != own) => return Err(Unfit::Group),
            None => {}
        }
        if self.user.is_some() || self.group.is_some() {
            // With this go supplementary groups, as far as the server may drop them.
            command.uid(self.user.unwrap_or(own));
        }
        Ok(())
    }
}
