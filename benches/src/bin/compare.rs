//! Compares servers: starts them, drives each with the same loads in turn, and prints what a
//! message cost each in CPU time.
//!
//! A processor that falls asleep between two messages and is woken by another one adds a cost that
//! depends on the machine, most of all on a virtual one. For figures that repeat, let one processor
//! run everything: `taskset -c 0 target/release/compare`.

use std::collections::HashSet;
use std::error::Error;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use benches::compare::{CpuTime, LOADS, LoadPlan, Row, RunningServer, ServerCommand, print};
use clap::Parser;

/// Compares what a message costs SMTP servers in CPU time: the floor, our stack (`sink`), Postfix's
/// smtp-sink, and others that are named. Figures repeat best on one processor: run it under `taskset -c 0`.
#[derive(Debug, Parser)]
struct Arguments {
    /// A server, as name=command line. The first line that it prints ends with its port; or
    /// {port} in its arguments is replaced by one.
    #[arg(short, long = "server", value_name = "NAME=COMMAND")]
    servers: Vec<ServerCommand>,
    /// Rounds; in each, every server gets every load once.
    #[arg(short, long, default_value_t = 5)]
    rounds: u32,
    /// The loads to make, of those that --list names; all without it.
    #[arg(short, long = "load", value_name = "NAME")]
    loads: Vec<String>,
    /// Messages in a round, as a percentage of what each load has by itself.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    percent: u64,
    /// The sender.
    #[arg(long, default_value = "sender@example.com")]
    from: String,
    /// The recipient.
    #[arg(long, default_value = "recipient@example.org")]
    to: String,
    /// Seconds after which one load counts as failed.
    #[arg(long, default_value_t = 60)]
    patience: u64,
    /// Leave Postfix's smtp-sink out.
    #[arg(long)]
    without_smtp_sink: bool,
    /// Name the loads and end.
    #[arg(long)]
    list: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    if arguments.list {
        LOADS.iter().for_each(|load| println!("{}", load.name));
        return Ok(());
    }
    let programs = own_folder()?;
    let plans = chosen_loads(&arguments.loads)?;
    let servers = start_servers(&arguments, &programs)?;
    let mut rows: Vec<Row> = plans
        .iter()
        .map(|plan| Row { load: plan.name, size: plan.size, cells: vec![Vec::new(); servers.len()] })
        .collect();
    let mut comparison = Comparison {
        arguments: &arguments,
        programs: &programs,
        cpu: CpuTime::new(),
        refused: HashSet::new(),
    };
    // The first round warms up and does not count.
    for round in 0..=arguments.rounds {
        eprintln!("round {round} of {}", arguments.rounds);
        comparison.round(&plans, &servers, (round > 0).then_some(&mut rows));
    }
    let names: Vec<String> = servers.iter().map(|server| server.name.clone()).collect();
    print!("{}", print(&names, &rows));
    Ok(())
}

fn own_folder() -> Result<PathBuf, Box<dyn Error>> {
    let program = std::env::current_exe()?;
    Ok(program.parent().ok_or("this program lies nowhere")?.to_owned())
}

fn chosen_loads(names: &[String]) -> Result<Vec<&'static LoadPlan>, Box<dyn Error>> {
    if names.is_empty() {
        return Ok(LOADS.iter().collect());
    }
    let find = |name: &String| LOADS.iter().find(|load| load.name == name);
    names.iter().map(|name| find(name).ok_or_else(|| format!("no load is called {name}").into())).collect()
}

fn start_servers(arguments: &Arguments, programs: &Path) -> Result<Vec<RunningServer>, Box<dyn Error>> {
    let own = |name: &str| format!("{name}={}", programs.join(name).display()).parse();
    let mut commands: Vec<ServerCommand> = vec![own("floor")?, own("sink")?];
    commands.extend(arguments.servers.iter().cloned());
    if !arguments.without_smtp_sink {
        // It does not run as root, and only root can make it somebody else.
        let user = if std::fs::metadata("/proc/self")?.uid() == 0 { "-u nobody" } else { "" };
        commands.push(format!("smtp-sink=smtp-sink {user} 127.0.0.1:{{port}} 1024").parse()?);
    }
    commands.iter().map(RunningServer::start).collect()
}

struct Comparison<'a> {
    arguments: &'a Arguments,
    programs: &'a Path,
    cpu: CpuTime,
    /// Pairs of a load and a server that does not take it.
    refused: HashSet<(usize, usize)>,
}

impl Comparison<'_> {
    fn round(&mut self, plans: &[&LoadPlan], servers: &[RunningServer], mut rows: Option<&mut Vec<Row>>) {
        for (at, plan) in plans.iter().enumerate() {
            for (column, server) in servers.iter().enumerate() {
                if self.refused.contains(&(at, column)) {
                    continue;
                }
                match (self.measure(plan, server), rows.as_mut()) {
                    (Ok(cost), Some(rows)) => rows[at].cells[column].push(cost),
                    (Ok(_), None) => {}
                    (Err(error), _) => {
                        eprintln!("{} does not take {}: {error}", server.name, plan.name);
                        self.refused.insert((at, column));
                    }
                }
            }
        }
    }

    /// Microseconds of CPU time for each message.
    fn measure(&self, plan: &LoadPlan, server: &RunningServer) -> Result<f64, Box<dyn Error>> {
        let messages = (plan.messages * self.arguments.percent).div_ceil(100);
        let addresses = (self.arguments.from.as_str(), self.arguments.to.as_str());
        let mut command = plan.command(self.programs, server.address, messages, addresses);
        let before = self.cpu.of_tree(server.id());
        let client = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        wait(client, Duration::from_secs(self.arguments.patience))?;
        let spent = self.cpu.of_tree(server.id()).saturating_sub(before);
        Ok(spent.as_secs_f64() * 1e6 / messages as f64)
    }
}

/// Waits for the client's end; kills it when patience has run out.
fn wait(mut client: Child, patience: Duration) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    loop {
        if let Some(status) = client.try_wait()? {
            return if status.success() { Ok(()) } else { Err(format!("the client: {status}").into()) };
        }
        if start.elapsed() > patience {
            client.kill()?;
            client.wait()?;
            return Err("it takes too long".into());
        }
        sleep(Duration::from_millis(5));
    }
}
