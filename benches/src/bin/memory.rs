//! Measures how much memory clients can make the server hold: for each attack a server of its own,
//! its resident memory before and while all connections are open, divided by their number.
//!
//! 10,000 connections need as many file descriptors: `ulimit -n 20000`.

use std::error::Error;

use benches::compare::{RunningServer, ServerCommand};
use benches::memory::{ATTACKS, Attack, resident};
use clap::Parser;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Measures how much memory clients can make the server hold.
#[derive(Debug, Parser)]
struct Arguments {
    /// The server, as name=command line, in the place of `sink`. The first line that it prints ends
    /// with its port.
    #[arg(short, long, value_name = "NAME=COMMAND")]
    server: Option<ServerCommand>,
    /// Only attacks with this in their name.
    #[arg(short, long, default_value = "")]
    attack: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let command = match arguments.server {
        Some(command) => command,
        None => {
            let folder = std::env::current_exe()?;
            format!("sink={}", folder.with_file_name("sink").display()).parse()?
        }
    };
    println!("| What clients do | Connections | KiB each |\n|---|---|---|");
    for attack in ATTACKS.iter().filter(|attack| attack.name.contains(&arguments.attack)) {
        let each = measure(attack, &command).await? as f64 / 1024.0;
        println!("| {} | {} | {each:.1} |", attack.name, attack.connections);
    }
    Ok(())
}

/// Octets for each connection.
async fn measure(attack: &Attack, command: &ServerCommand) -> Result<u64, Box<dyn Error>> {
    let server = RunningServer::start(command)?;
    let (done, mut dones) = mpsc::channel(1);
    let mut running = JoinSet::new();
    let mut before = 0;
    // The first one is for what is made once, and no matter of the connections.
    for number in 0..=attack.connections {
        let stream = TcpStream::connect(server.address).await?;
        running.spawn(attack.run(stream, done.clone()));
        tokio::select! {
            _ = dones.recv() => {}
            Some(ended) = running.join_next() => return Err(format!("the server hung up: {ended:?}").into()),
        }
        if number == 0 {
            before = resident(server.id())?;
        }
    }
    let during = resident(server.id())?;
    Ok(during.saturating_sub(before) / attack.connections as u64)
}
