use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::CommandError;
use super::account::Account;
use super::argument::Argument;
use super::facts::{Facts, RecipientFacts};

/// Where programs that a program starts are looked for, unless it is told otherwise.
const PATH: &str = "/usr/bin:/bin";

/// Why no program is run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unfit {
    /// An argument would be an option because of an address.
    Option,
    /// Its user is none of the system's, and no group was named.
    Group,
    /// It would run as root, which nobody asked for.
    Root,
}

/// What is run, and as whom.
#[derive(Debug, Clone)]
pub(super) struct Template {
    program: PathBuf,
    arguments: Vec<Argument>,
    pub(super) variables: Vec<(String, String)>,
    pub(super) directory: PathBuf,
    pub(super) account: Account,
}

impl Template {
    pub(super) fn parse(command: &[&str]) -> Result<Self, CommandError> {
        let (program, arguments) = command.split_first().ok_or(CommandError::NotAbsolute)?;
        if !Path::new(program).is_absolute() {
            return Err(CommandError::NotAbsolute);
        }
        Ok(Self {
            program: program.into(),
            arguments: arguments.iter().map(|text| Argument::parse(text)).collect::<Result<_, _>>()?,
            variables: Vec::new(),
            directory: "/".into(),
            account: Account::default(),
        })
    }

    /// The command for these recipients: an argument about recipients is there for each of them.
    pub(super) fn fill(&self, facts: &Facts, recipients: &[RecipientFacts]) -> Result<Command, Unfit> {
        let mut command = Command::new(&self.program);
        let nobody = RecipientFacts::default();
        let mut options = true;
        for argument in &self.arguments {
            let about = if argument.is_of_recipient() { recipients } else { std::slice::from_ref(&nobody) };
            for recipient in about {
                let value = match options {
                    true => argument.expand_operand(facts, recipient)?,
                    false => argument.expand(facts, recipient),
                };
                command.arg(value);
            }
            options &= !argument.ends_options();
        }
        command.env_clear().env("PATH", PATH).envs(facts.variables());
        if let [recipient] = recipients {
            command.envs(recipient.variables());
        }
        // What an administrator set is not for clients to change.
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.current_dir(&self.directory).stdin(Stdio::piped()).stdout(Stdio::piped());
        // A group of its own is what can be ended as a whole.
        command.stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
        self.account.apply(&mut command)?;
        Ok(command)
    }

    pub(super) fn program(&self) -> &Path {
        &self.program
    }
}
