//! Measures what the store of a queue costs: how many messages a second become durable, are delivered
//! and forgotten, with the CPU time of each, and what it does with many that wait.
//!
//! CPU time is that of this process, and of the database where it is a child, as `with-postgres.sh` makes it;
//! memory is that of this process alone.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use benches::memory::resident_now;
use benches::stores::{Figure, Place, deliver, deliver_beside, fill, operate};
use clap::Parser;

/// Measures what the store of a queue costs.
#[derive(Debug, Parser)]
struct Arguments {
    /// An empty directory on the disk that is meant.
    directory: PathBuf,
    /// The address of a PostgreSQL database, for the store there as well.
    #[arg(long)]
    postgres: Option<String>,
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

/// What was measured, and what it came to.
type Rows = Vec<(String, String)>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let mut places = vec![Place::Folder(arguments.directory.clone())];
    places.extend(arguments.postgres.clone().map(Place::Database));
    let mut columns: Vec<Rows> = Vec::new();
    for place in &places {
        let mut rows = Rows::new();
        for destinations in [100, 1] {
            measure(&arguments, place, destinations, &mut rows).await?;
        }
        beside(&arguments, place, &mut rows).await?;
        columns.push(rows);
    }
    let names: Vec<_> = places.iter().map(Place::name).collect();
    println!("| {} messages | {} |", arguments.messages, names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
    for (row, (what, _)) in columns[0].iter().enumerate() {
        let cells: Vec<&str> = columns.iter().map(|rows| rows[row].1.as_str()).collect();
        println!("| {what} | {} |", cells.join(" | "));
    }
    Ok(())
}

async fn measure(
    arguments: &Arguments,
    place: &Place,
    destinations: usize,
    rows: &mut Rows,
) -> Result<(), Box<dyn Error>> {
    let &Arguments { messages, tasks, size, .. } = arguments;
    let mut add = |what: &str, figure: String| {
        eprintln!("{}, {destinations} destinations, {what}: {figure}", place.name());
        rows.push((format!("{destinations} destinations: {what}"), figure));
    };
    let rate = |figure: Figure| figure.to_string();
    let store = place.open().await?;
    add("stored a second", rate(fill(&store.shared(), tasks, 0..messages, size, destinations).await?));
    store.close().await;

    let begin = Instant::now();
    let store = place.open().await?;
    add("opened", milliseconds(begin));
    let shared = store.shared();
    let begin = Instant::now();
    shared.destinations().await?;
    add("destinations found", milliseconds(begin));
    add("memory, MB", format!("{}", resident_now(std::process::id())? / 1_000_000));
    let begin = Instant::now();
    let first = shared.list(None, 1000).await?;
    add("a thousand listed", milliseconds(begin));
    let (begin, mut after) = (Instant::now(), first.last().map(|listed| listed.entry.id));
    while after.is_some() {
        after = shared.list(after, 1000).await?.last().map(|listed| listed.entry.id);
    }
    add("all others listed", milliseconds(begin));
    let [held, let_go, flushed] = operate(&shared, messages).await?;
    add("held a second", rate(held));
    add("let go a second", rate(let_go));
    add("flushed a second", rate(flushed));
    add("leased and settled a second", rate(deliver(&shared, messages, destinations).await?));
    assert_eq!(shared.destinations().await?, []);
    add("memory at the end, MB", format!("{}", resident_now(std::process::id())? / 1_000_000));
    store.close().await;
    Ok(())
}

/// What one dead destination among a thousand does to the others. A tenth of the messages is enough.
async fn beside(arguments: &Arguments, place: &Place, rows: &mut Rows) -> Result<(), Box<dyn Error>> {
    let &Arguments { messages, tasks, size, .. } = arguments;
    for (dead, one) in [(false, "which answer"), (true, "of which one is dead")] {
        let store = place.open().await?;
        let rate = deliver_beside(&store, messages / 10, tasks, size, dead).await?;
        eprintln!("{}, 1000 destinations, {one}: {rate:.0}", place.name());
        rows.push((format!("1000 destinations, {one}: delivered a second"), format!("{rate:.0}")));
        store.close().await;
        clear(place).await?;
    }
    Ok(())
}

/// Removes what was not delivered.
async fn clear(place: &Place) -> Result<(), Box<dyn Error>> {
    let store = place.open().await?;
    let shared = store.shared();
    shared.release_all().await?;
    loop {
        let listed = shared.list(None, 1000).await?;
        if listed.is_empty() {
            break;
        }
        for listed in listed {
            shared.remove(listed.entry.id).await?;
        }
    }
    store.close().await;
    Ok(())
}

fn milliseconds(begin: Instant) -> String {
    format!("{} ms", begin.elapsed().as_millis())
}
