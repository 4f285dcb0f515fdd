//! Measures what the store of a queue costs: how many messages a second become durable, are delivered
//! and forgotten, with the CPU time of each, and what it does with many that wait.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use benches::stores::{deliver, fill, operate};
use clap::Parser;
use smtp_server::delivery::queue::{SqliteOptions, SqliteStore, Store};

/// Measures what the store of a queue costs.
#[derive(Debug, Parser)]
struct Arguments {
    /// An empty directory on the disk that is meant.
    directory: PathBuf,
    /// How many messages each time.
    #[arg(short, long, default_value_t = 100_000)]
    messages: usize,
    /// How many tasks store messages at the same time.
    #[arg(short, long, default_value_t = 32)]
    tasks: usize,
    /// The size of a message.
    #[arg(short, long, default_value_t = 1024)]
    size: usize,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let Arguments { directory, messages, tasks, size } = Arguments::parse();
    println!("| What | Messages | A second | CPU each, us |\n|---|---|---|---|");
    for (name, destinations) in [("100 destinations", 100), ("one destination", 1)] {
        let store = SqliteStore::open(&directory, SqliteOptions::default()).await?;
        let shared: Arc<dyn Store> = Arc::new(store.clone());
        println!("| {name}: stored | {} |", fill(&shared, tasks, 0..messages, size, destinations).await?);
        store.close().await;

        let begin = Instant::now();
        let store = SqliteStore::open(&directory, SqliteOptions::default()).await?;
        let opened = begin.elapsed();
        let shared: Arc<dyn Store> = Arc::new(store.clone());
        let begin = Instant::now();
        let waiting = shared.destinations().await?.len();
        let (found, begin) = (begin.elapsed(), Instant::now());
        let listed = shared.list(None, 1000).await?.len();
        let lists = begin.elapsed();
        for (what, figure) in ["held", "let go", "expedited"].iter().zip(operate(&shared, messages).await?) {
            println!("| {name}: {what} | {figure} |");
        }
        println!("| {name}: delivered | {} |", deliver(&shared, messages, destinations).await?);
        assert_eq!(shared.usage().messages, 0);
        eprintln!("{name}: opened in {opened:?}, {waiting} found in {found:?}, {listed} listed in {lists:?}");
        store.close().await;
    }
    Ok(())
}
