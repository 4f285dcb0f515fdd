//! A mail server for a small organisation, stacked from the public API.
//!
//! Started bare it makes itself a data folder, a certificate and a first user, and serves this
//! computer alone. A TOML file says more; see `config`.

mod abuse;
mod bootstrap;
mod cli;
mod commands;
mod config;
#[cfg(feature = "postgres")]
mod database;
mod delivery;
mod descriptors;
mod directory;
mod etrn;
mod journal;
mod log;
mod login;
mod operator;
mod programs;
mod residents;
mod server;
mod sockets;
mod stack;
mod stores;
mod sweep;
mod tls;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match commands::run(&cli::Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
