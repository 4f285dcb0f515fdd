use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// Who sends the messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// Postfix's load generator.
    SmtpSource,
    /// Ours, in the folder of the program that compares.
    Load,
}

/// One load.
#[derive(Debug)]
pub struct LoadPlan {
    /// Its name in the table.
    pub name: &'static str,
    /// Who makes it.
    pub driver: Driver,
    /// Messages in a round, unless the caller asks for more or fewer.
    pub messages: u64,
    /// Octets in a message.
    pub size: u64,
    arguments: &'static str,
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// The loads, in the order of the table.
pub const LOADS: &[LoadPlan] = &[
    source("many-32-source", 30_000, "-s 32 -d"),
    source("single-64-source", 10_000, "-s 64"),
    load("many-32", 30_000, KIB, "--sessions 32"),
    load("single-64", 10_000, KIB, "--sessions 64 --per-connection 1"),
    load("many-1000", 30_000, KIB, "--sessions 1000"),
    load("pipelined", 40_000, KIB, "--style pipelined"),
    load("streamed", 60_000, KIB, "--style streamed"),
    load("1MiB", 1_500, MIB, "--sessions 4"),
    load("10MiB", 150, 10 * MIB, "--sessions 4"),
    load("1MiB-dotty", 1_500, MIB, "--sessions 4 --shape dotty"),
    load("1MiB-bdat", 1_500, MIB, "--sessions 4 --style bdat"),
];

const fn source(name: &'static str, messages: u64, arguments: &'static str) -> LoadPlan {
    LoadPlan { name, driver: Driver::SmtpSource, messages, size: KIB, arguments }
}

const fn load(name: &'static str, messages: u64, size: u64, arguments: &'static str) -> LoadPlan {
    LoadPlan { name, driver: Driver::Load, messages, size, arguments }
}

impl LoadPlan {
    /// The command that sends `messages` messages from `from` to `to`. `programs` is the folder
    /// of our own.
    pub fn command(
        &self,
        programs: &Path,
        server: SocketAddr,
        messages: u64,
        (from, to): (&str, &str),
    ) -> Command {
        let mut command = match self.driver {
            Driver::SmtpSource => {
                let mut command = Command::new("smtp-source");
                command.args(["-M", "client.example", "-f", from, "-t", to]);
                command.args(["-l", &self.size.to_string(), "-m", &messages.to_string()]);
                command
            }
            Driver::Load => {
                let mut command = Command::new(programs.join("load"));
                command.args(["--from", from, "--to", to]);
                command.args(["--size", &self.size.to_string(), "--messages", &messages.to_string()]);
                command
            }
        };
        command.args(self.arguments.split_whitespace()).arg(server.to_string());
        command
    }
}
