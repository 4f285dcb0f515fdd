//! Compares what TLS handshakes behind STARTTLS cost servers in CPU time: rustls and tokio alone, our
//! stack (`sink`), and others that are named.

use std::error::Error;
use std::time::Duration;

use benches::compare::{CpuTime, RunningServer, ServerCommand};
use benches::handshakes::{Handshakes, Kind};
use clap::Parser;

/// Compares what TLS handshakes cost.
#[derive(Debug, Parser)]
struct Arguments {
    /// A server, as name=command line. The first line that it prints ends with its port; or
    /// {port} in its arguments is replaced by one.
    #[arg(short, long = "server", value_name = "NAME=COMMAND")]
    servers: Vec<ServerCommand>,
    /// Rounds; in each, every server does both kinds of handshakes in turn.
    #[arg(short, long, default_value_t = 5)]
    rounds: usize,
    /// Handshakes of one kind with one server in a round.
    #[arg(short, long, default_value_t = 2000)]
    count: u64,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let folder = std::env::current_exe()?;
    let folder = folder.parent().ok_or("this program lies nowhere")?;
    let mut commands = vec![
        format!("floor={}", folder.join("tls_floor").display()).parse()?,
        format!("this={}", folder.join("sink").display()).parse()?,
    ];
    commands.extend(arguments.servers);
    let servers = commands.iter().map(RunningServer::start).collect::<Result<Vec<_>, _>>()?;
    let cpu = CpuTime::new();
    let kinds = [Kind::Full, Kind::Resumed];
    let mut measured = vec![[Vec::new(), Vec::new()]; servers.len()];
    // The first round warms up and does not count.
    for round in 0..=arguments.rounds {
        for (server, cells) in servers.iter().zip(&mut measured) {
            for (kind, cell) in kinds.into_iter().zip(cells) {
                let before = cpu.of_tree(server.id());
                let made = Handshakes::new(server.address, kind, arguments.count)?.run().await?;
                if made < arguments.count {
                    let (name, count) = (&server.name, arguments.count);
                    eprintln!("{name}: {made} of {count} handshakes were {kind:?}");
                }
                let spent = cpu.of_tree(server.id()) - before;
                if round > 0 {
                    cell.push(spent / u32::try_from(arguments.count)?);
                }
            }
        }
    }
    println!("{:12} {:>10} {:>10}   us of CPU time for a session", "", "full", "resumed");
    for (server, cells) in servers.iter().zip(&mut measured) {
        let [full, resumed] = cells;
        println!("{:12} {:>10} {:>10}", server.name, median(full).as_micros(), median(resumed).as_micros());
    }
    Ok(())
}

fn median(values: &mut [Duration]) -> Duration {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or_default()
}
