//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// A mail server for a small organisation. Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "smtpd", disable_version_flag = true)]
pub(crate) struct Arguments {
    /// Print the version.
    #[arg(short = 'V', long)]
    pub(crate) version: bool,
    /// With --version: what the program was built with, too.
    #[arg(short, long, requires = "version")]
    pub(crate) verbose: bool,
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
    /// Make the self-signed certificate anew, with a new key. A running server takes it in ten seconds.
    Cert {
        /// Names besides the host name, such as "mail.example.net".
        names: Vec<String>,
    },
    /// Look into the queue of a server that runs, and change what is in it.
    #[command(subcommand)]
    Queue(QueueCommand),
    /// Change the users. Passwords are asked for, or read from a line of standard input.
    #[command(subcommand)]
    User(UserCommand),
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// Print what waits: each message, and below for whom it waits, where, until when, and why.
    List,
    /// Try now what waits.
    Flush(Chosen),
    /// Keep what waits from being tried and from expiring, until it is released.
    Hold(Chosen),
    /// Let go what is held.
    Release(Chosen),
    /// Take a message out. Nobody hears of it.
    Remove {
        /// The message, as list shows it.
        id: String,
    },
}

/// Which messages are meant; those that come later are not.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Chosen {
    /// A message, as list shows it.
    pub(crate) id: Option<String>,
    /// All for a destination, as list shows it.
    #[arg(long, value_name = "NAME")]
    pub(crate) destination: Option<String>,
    /// All.
    #[arg(long)]
    pub(crate) all: bool,
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
