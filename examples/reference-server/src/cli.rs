//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// A mail server for a small organisation. Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "smtpd", version)]
pub(crate) struct Arguments {
    /// The configuration, in TOML.
    #[arg(short, long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder for mailboxes, users and keys; instead of the one that the configuration names.
    #[arg(short, long, global = true, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check the configuration and everything that it names, and start nothing.
    Check,
    /// Change the users. Passwords are asked for, or read from a line of standard input.
    #[command(subcommand)]
    User(UserCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user, who gets a mailbox of that name in each local domain.
    Add {
        /// The name.
        name: String,
        #[command(flatten)]
        kept: Kept,
    },
    /// Change a user's password.
    Passwd {
        /// The name.
        name: String,
        #[command(flatten)]
        kept: Kept,
    },
    /// Take a user out. The mail stays where it is.
    Remove {
        /// The name.
        name: String,
    },
    /// Print the names.
    List,
}

/// What is kept of a password.
#[derive(Debug, clap::Args)]
pub(crate) struct Kept {
    /// Keep the password as it is too: CRAM-MD5 and DIGEST-MD5 need it, for old devices. Whoever gets at
    /// the file of the users has it.
    #[arg(long)]
    pub(crate) shared_secret: bool,
}
