//! A server that keeps mail for `example.org` in a queue before it answers, and then drops it. Prints its
//! address on the first line and serves until it is killed.
//!
//! It runs on one thread, as `floor` does, but for the one that writes the queue: the distance between them
//! is then the stack's own.

use std::path::PathBuf;

use clap::Parser;
use smtp_server::delivery::queue::store::postgres::{PostgresOptions, PostgresStore};
use smtp_server::delivery::queue::{Builder, Limits, Queue, SqliteOptions, SqliteStore};
use smtp_server::delivery::{Discard, ReceivedLayer};
use smtp_server::policy::RelayLayer;
use smtp_server::{BoxError, Connections, Deliver, Domain, ServerInfo, Shared, serve};
use tokio::net::TcpListener;
use tower::ServiceBuilder;

/// Deliveries at once: as many as there are sessions in the loads.
const DELIVERIES: usize = 32;

/// Keeps mail in a queue, and drops it then.
#[derive(Debug, Parser)]
struct Arguments {
    /// The folder of the queue.
    #[arg(long, required_unless_present = "postgres")]
    folder: Option<PathBuf>,
    /// The address of a PostgreSQL database instead.
    #[arg(long)]
    postgres: Option<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), BoxError> {
    let arguments = Arguments::parse();
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    let (queue, worker) =
        open(arguments).await?.limits(Limits::default().to("local", DELIVERIES)).build(Discard);
    tokio::spawn(worker.run());
    let local: Domain = "example.org".parse()?;
    let delivery = ServiceBuilder::new().layer(ReceivedLayer::new()).service(queue);
    let stack = ServiceBuilder::new()
        .layer(RelayLayer::new().local_domains([local.clone().into()]))
        .service(Deliver::new(delivery));
    let connections = Connections::new(listener, ServerInfo::new(local));
    Ok(serve(connections, Shared::new(stack)).max_connections_per_client(2000).await?)
}

async fn open(arguments: Arguments) -> Result<Builder, BoxError> {
    if let Some(address) = arguments.postgres {
        let store = PostgresStore::connect(address.as_str(), PostgresOptions::default()).await?;
        return Ok(Queue::builder(store));
    }
    let folder = arguments.folder.unwrap_or_default();
    Ok(Queue::builder(SqliteStore::open(folder, SqliteOptions::default()).await?))
}
