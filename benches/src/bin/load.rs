//! The load generator as a program: sends messages and prints how many and how fast.

use std::io;
use std::net::SocketAddr;
use std::time::Instant;

use benches::load::{Load, Shape, Style, message, run};
use clap::Parser;

/// Sends messages to an SMTP server and prints how many it took in a second.
#[derive(Debug, Parser)]
struct Arguments {
    /// The server.
    server: SocketAddr,
    /// Messages in all.
    #[arg(short, long, default_value_t = 1000)]
    messages: u64,
    /// Connections open at the same time.
    #[arg(short, long, default_value_t = 1)]
    sessions: usize,
    /// Messages on one connection at most; 0 stands for any number.
    #[arg(short, long, default_value_t = 0)]
    per_connection: u64,
    /// How commands are sent.
    #[arg(long, value_enum, default_value = "lockstep")]
    style: Style,
    /// What the content looks like.
    #[arg(long, value_enum, default_value = "plain")]
    shape: Shape,
    /// Octets in a message.
    #[arg(long, default_value_t = 1024)]
    size: usize,
    /// Octets in a chunk of BDAT.
    #[arg(long, default_value_t = 1024 * 1024, value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..))]
    chunk: usize,
    /// The sender.
    #[arg(long, default_value = "sender@example.com")]
    from: String,
    /// The recipient.
    #[arg(long, default_value = "recipient@example.org")]
    to: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let load = Load {
        server: arguments.server,
        from: arguments.from,
        to: arguments.to,
        messages: arguments.messages,
        sessions: arguments.sessions,
        per_connection: arguments.per_connection,
        style: arguments.style,
        chunk: arguments.chunk,
        content: message(arguments.shape, arguments.size),
    };
    let start = Instant::now();
    run(&load).await?;
    let seconds = start.elapsed().as_secs_f64();
    let rate = load.messages as f64 / seconds;
    println!("{} messages in {seconds:.3} s, {rate:.0} messages/s", load.messages);
    Ok(())
}
