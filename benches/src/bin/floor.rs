//! The floor of the comparison as a program: prints its address on the first line and serves
//! until it is killed.
//!
//! It runs on one thread, as `sink` does: the distance between them is then the stack's own.

use std::io;
use std::path::PathBuf;

use benches::floor::{self, Dropped, Log};
use clap::Parser;
use tokio::net::TcpListener;

/// The least that an SMTP server does.
#[derive(Debug, Parser)]
struct Arguments {
    /// Append messages to this file, durably, rather than drop them.
    #[arg(long)]
    log: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let log = Arguments::parse().log.map(|path| Log::open(&path)).transpose()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        // A client that breaks its connection is none of the floor's business.
        match &log {
            Some(log) => drop(tokio::spawn(floor::serve(stream, log.messages()))),
            None => drop(tokio::spawn(floor::serve(stream, Dropped))),
        }
    }
}
