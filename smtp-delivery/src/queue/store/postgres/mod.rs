//! A store in PostgreSQL, which several nodes share: whichever takes a message, any of them delivers it,
//! and what a node had when it died is delivered by the others.
//!
//! ```no_run
//! # async fn run(delivery: impl smtp_core::DeliveryService + Clone) -> Result<(), smtp_delivery::queue::StoreError> {
//! use smtp_delivery::queue::Queue;
//! use smtp_delivery::queue::store::postgres::{PostgresOptions, PostgresStore};
//!
//! let options = PostgresOptions::default().node("mx1.example.org");
//! let store = PostgresStore::connect("host=/run/postgresql dbname=mail", options).await?;
//! let (queue, worker) = Queue::new(store.clone(), delivery);
//! // `queue` is what the server delivers to.
//! let shutdown = std::future::pending();
//! worker.run_until(shutdown).await?;
//! store.close().await;
//! # Ok(()) }
//! ```
//!
//! # Several nodes
//! All that name the same database and [schema](PostgresOptions::schema) share one queue; each has its own
//! [name](PostgresOptions::node), and the same settings of the queue, its limits above all. One that only
//! takes messages needs no worker.
//!
//! A node shows every third part of its [lease](PostgresOptions::lease) that it lives. When it has not for a
//! whole one, by the clock of the database, the others take over what it had. What it was just delivering may
//! then arrive twice; if it was not dead after all, only one of the two settles it.
//!
//! *A destination belongs to one node at a time*: the first that has something for it, until nothing is under
//! way to it. So its limits hold for all nodes together. What others take for it meanwhile, its node hears of by
//! `NOTIFY`; once a minute each node looks by itself.
//!
//! What was learnt of a destination is its node's own, and does not go with it when it becomes another's: how
//! many deliveries at once it gets, and that it does not answer. The next node begins with a few and finds out.
//! That is meant so: whom one machine does not reach, another may, by its route and with its address. A
//! destination that answers nobody is left alone by each node for a time of its own, so that it sees as many
//! attempts as there are nodes in the place of one. When a message is tried next is in the database, whichever
//! node has it.
//!
//! # The database
//! PostgreSQL 13 or later, reached directly: a pooler that gives connections to others between transactions
//! knows neither `LISTEN` nor prepared statements. Its role must own the schema, or be allowed to make it; the
//! tables are made, and brought up to date, by the first node that connects. A later version's are refused.
//!
//! A message is acknowledged when the database has committed it with `synchronous_commit = on`, or as much
//! more as the server demands. That its machine may burn is for a synchronous standby. What comes while the
//! database is busy with what came before shares the next transaction: messages of up to 64 KiB with messages,
//! outcomes with outcomes. What it refuses of them is refused alone.
//!
//! While the database is away, messages are refused with 451, and deliveries go on that are under way; their
//! outcomes are noted down when it is back.
//!
//! # Operators
//! may look with `psql`, after `SET search_path = smtp_queue`; times and texts are readable:
//!
//! ```sql
//! SELECT destination, count(*), min(due), bool_or(held) FROM job GROUP BY destination ORDER BY 2 DESC;
//! SELECT message, recipients, attempts, due FROM job WHERE destination = 'example.org';
//! SELECT id, entry->>'from', arrival, octets FROM message ORDER BY arrival LIMIT 10;
//! SELECT name, since, until, (SELECT count(*) FROM job WHERE node = node.id) FROM node;
//! ```
//!
//! To change something, the queue's [handle](crate::queue::QueueHandle) is there, which also tells the other
//! nodes. A job that cannot be read, after a hand has been at it, is held.

mod changes;
mod connection;
mod content;
mod failure;
mod held;
mod insert;
mod insertion;
mod lease;
mod node;
mod operator;
mod options;
mod rows;
mod schema;
mod settle;
mod store;
mod talk;
mod usage;
mod writer;

pub use connection::PostgresTls;
pub use options::PostgresOptions;
pub use store::PostgresStore;
