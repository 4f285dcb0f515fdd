//! Measures servers whose messages are on disk before they are answered: starts them, sends the same load
//! to each in turn, and prints how many messages a second each took and what each of them cost.
//!
//! What a server does with a message after its answer counts, too: the cost is taken when the server has
//! come to rest.

use std::error::Error;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use benches::compare::{CpuTime, LOADS, LoadPlan, RunningServer, ServerCommand, median};
use clap::Parser;

/// The load that is made: 32 sessions of 1 KiB messages.
const LOAD: &str = "many-32";
/// A server that spent nothing for this long is at rest, but for what it does by the clock.
const REST: Duration = Duration::from_millis(300);
/// How long it is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// Measures what durable messages cost servers, next to the first of them.
#[derive(Debug, Parser)]
struct Arguments {
    /// A server, as name=command line, see `compare`.
    #[arg(short, long = "server", value_name = "NAME=COMMAND", required = true)]
    servers: Vec<ServerCommand>,
    /// Rounds; in each, every server gets the load once.
    #[arg(short, long, default_value_t = 5)]
    rounds: u32,
    /// Messages in a round.
    #[arg(short, long, default_value_t = 10_000)]
    messages: u64,
    /// What processes are called that are a database: their cost is told apart.
    #[arg(long, default_value = "postgres")]
    database: String,
}

/// One round of one server.
struct Figure {
    rate: f64,
    /// Microseconds of CPU time for each message, and those of the database in it.
    cost: f64,
    database: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let plan = LOADS.iter().find(|load| load.name == LOAD).ok_or("no such load")?;
    let servers: Vec<RunningServer> =
        arguments.servers.iter().map(RunningServer::start).collect::<Result<_, _>>()?;
    let mut figures: Vec<Vec<Figure>> = servers.iter().map(|_| Vec::new()).collect();
    // The first round warms up and does not count.
    for round in 0..=arguments.rounds {
        eprintln!("round {round} of {}", arguments.rounds);
        for (server, figures) in servers.iter().zip(&mut figures) {
            let figure = measure(&arguments, plan, server)?;
            if round > 0 {
                figures.push(figure);
            }
        }
    }
    println!("| Server | Messages a second | CPU each, us | The database's | Times the floor |");
    println!("|---|---|---|---|---|");
    for (server, own) in servers.iter().zip(&figures) {
        println!("| {} | {} |", server.name, row(own, &figures[0]));
    }
    Ok(())
}

fn measure(arguments: &Arguments, plan: &LoadPlan, server: &RunningServer) -> Result<Figure, Box<dyn Error>> {
    let (cpu, messages) = (CpuTime::new(), arguments.messages);
    let spent = || (cpu.of_tree(server.id()), cpu.of_named(server.id(), &arguments.database));
    let programs = std::env::current_exe()?;
    let programs = programs.parent().ok_or("this program lies nowhere")?;
    let addresses = ("sender@example.com", "recipient@example.org");
    let mut client = plan.command(programs, server.address, messages, addresses);
    let (before, start) = (spent(), Instant::now());
    let status = client.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    let took = start.elapsed();
    if !status.success() {
        return Err(format!("{}: the client: {status}", server.name).into());
    }
    let after = rest(spent, start);
    let each = |time: Duration| time.as_secs_f64() * 1e6 / messages as f64;
    Ok(Figure {
        rate: messages as f64 / took.as_secs_f64(),
        cost: each(after.0.saturating_sub(before.0)),
        database: each(after.1.saturating_sub(before.1)),
    })
}

/// What was spent when no more is.
fn rest(spent: impl Fn() -> (Duration, Duration), start: Instant) -> (Duration, Duration) {
    let mut last = spent();
    while start.elapsed() < PATIENCE {
        sleep(REST);
        let now = spent();
        if now == last {
            break;
        }
        last = now;
    }
    last
}

/// Medians, with the lowest and the highest; the ratio is the median of those within each round, so that
/// what slows the machine down for a while slows down both sides of it.
fn row(own: &[Figure], floor: &[Figure]) -> String {
    let column = |of: fn(&Figure) -> f64| range(&own.iter().map(of).collect::<Vec<f64>>());
    let (rate, cost, database) = (column(|f| f.rate), column(|f| f.cost), column(|f| f.database));
    let ratios: Vec<f64> = own.iter().zip(floor).map(|(own, floor)| own.cost / floor.cost).collect();
    let ratio = median(&ratios).unwrap_or_default();
    let without: Vec<f64> =
        own.iter().zip(floor).map(|(own, floor)| (own.cost - own.database) / floor.cost).collect();
    let without = median(&without).unwrap_or_default();
    match own.iter().any(|figure| figure.database > 0.0) {
        true => format!("{rate} | {cost} | {database} | {ratio:.1}; {without:.1} without the database"),
        false => format!("{rate} | {cost} | | {ratio:.1}"),
    }
}

fn range(figures: &[f64]) -> String {
    let lowest = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = figures.iter().copied().fold(0.0, f64::max);
    format!("{:.0} ({lowest:.0} to {highest:.0})", median(figures).unwrap_or_default())
}
