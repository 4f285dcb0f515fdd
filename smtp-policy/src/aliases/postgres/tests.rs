use std::time::Duration;

use peers::Postgres;
use smtp_core::testing::{domain, facts, recipient};
use smtp_core::{BoxError, Command, Reply, Request, Route};
use tokio::task::JoinSet;
use tower::{ServiceExt as _, service_fn};
use tower_layer::Layer as _;

use super::{PostgresDatabase, PostgresOptions, PostgresUsers};
use crate::aliases::database_tests::{ALIASES, MISFITS, ROWS, TABLES, USERS, resolve};
use crate::aliases::{
    AliasDirectory, AliasFile, AliasOptions, LocalRecipientsLayer, Users as _, database_tests,
};

fn cluster(rows: &str) -> Postgres {
    let cluster = Postgres::start();
    cluster.execute(&format!("{TABLES}{rows}"));
    cluster
}

/// Tests are not about how long a busy machine takes.
fn patient() -> PostgresOptions {
    PostgresOptions::default().timeout(Duration::from_secs(60)).refresh(Duration::ZERO)
}

fn database(cluster: &Postgres, options: PostgresOptions) -> PostgresDatabase {
    PostgresDatabase::new(cluster.address(), options).unwrap()
}

async fn aliases(database: &PostgresDatabase) -> AliasFile {
    let opened = AliasFile::from_postgres(database, ALIASES, AliasOptions::default()).await;
    opened.unwrap_or_else(|error| panic!("{error}"))
}

async fn users(database: &PostgresDatabase) -> PostgresUsers {
    PostgresUsers::open(database, USERS).await.unwrap()
}

async fn directory(database: &PostgresDatabase) -> AliasDirectory<PostgresUsers> {
    AliasDirectory::new(aliases(database).await, users(database).await, [domain("example.org")])
}

/// What a client hears of these recipients.
async fn hears(directory: &AliasDirectory<PostgresUsers>, expected: [(&str, u16); 3]) {
    let taken = service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.1.5 ok")) });
    for (address, code) in expected {
        let stack = LocalRecipientsLayer::new(directory.clone()).layer(taken);
        let command = Command::Rcpt(recipient(address).routed(Route::Local));
        let reply = stack.oneshot(Request::new(command, facts().session().clone())).await.unwrap();
        assert_eq!(reply.code(), code, "{address}: {reply}");
        if code == 451 {
            assert_eq!(reply.to_string(), "451 4.3.0 try again later");
        }
    }
}

#[tokio::test]
async fn whom_a_database_knows() {
    let cluster = cluster(ROWS);
    let database = database(&cluster, patient().connections(2));
    let users = users(&database).await;
    database_tests::whom_it_knows(aliases(&database).await, users.clone()).await;
    // Those that no parser of addresses lets through.
    for name in ["\0", "joe@example.org\0", "'; DROP TABLE users; --", "\u{10ffff}", "\\", "$1", ""] {
        assert!(!users.has(name).await.unwrap(), "{name:?}");
    }
    for octets in [64 << 10, 16 << 20] {
        assert!(!users.has(&"'".repeat(octets)).await.unwrap());
    }
    assert_eq!(cluster.rows(&["users"]), "3");
    let mut lookups = JoinSet::new();
    for _ in 0..60 {
        let users = users.clone();
        lookups.spawn(async move { users.has_mailbox(&"joe@example.org".parse().unwrap()).await });
    }
    while let Some(found) = lookups.join_next().await {
        assert!(found.unwrap().unwrap());
    }
    let connected = "SELECT count(*) <= 2 FROM pg_stat_activity WHERE application_name = 'smtp directory'";
    assert_eq!(cluster.execute(connected), "t");
}

#[tokio::test]
async fn what_changes_is_read_again_and_what_is_broken_is_not_taken() {
    let cluster = cluster("INSERT INTO users VALUES ('joe@example.org');");
    let database = database(&cluster, patient());
    let execute = |statement: &str| drop(cluster.execute(statement));
    let (aliases, users) = (aliases(&database).await, users(&database).await);
    database_tests::what_changes_is_read_again(aliases, users, execute).await;
}

#[tokio::test]
async fn what_does_not_fit_is_said() {
    let cluster = cluster("");
    let database = database(&cluster, patient());
    let own = [
        ("SELECT who, whom FROM aliases", "does not exist"),
        ("SELECT name, 1 FROM aliases", "not a text"),
        ("SELECT name, members FROM aliases WHERE name = $1", "no parameters"),
        ("SELECT 'a', NULL::text", "no members"),
        ("SELECT 'a', ':include:/etc/passwd'", "lists are not included"),
        ("INSERT INTO aliases VALUES ('a', 'b') RETURNING name, members", "read-only"),
        ("DELETE FROM aliases", "two columns"),
    ];
    for (query, what) in MISFITS.into_iter().chain(own) {
        let opened = AliasFile::from_postgres(&database, query, AliasOptions::default()).await;
        let error = opened.unwrap_err().to_string();
        assert!(error.contains(what), "{query}: {error}");
    }
    for (query, what) in [
        ("SELECT 1 FROM users", "parameter"),
        ("SELECT 1 FROM users WHERE address = $1 OR address = $2", "parameter"),
        ("SELECT 1 FROM users WHERE $1 = 1", "not a text"),
        ("SELECT 1 FROM people WHERE address = $1", "people"),
        ("DELETE FROM users WHERE address = $1", "no rows"),
        ("INSERT INTO users VALUES ($1) RETURNING 1", "read-only"),
        ("SELECT", "parameter"),
    ] {
        let error = PostgresUsers::open(&database, query).await.unwrap_err().to_string();
        assert!(error.contains(what), "{query}: {error}");
    }
    assert_eq!(cluster.rows(&["users", "aliases"]), "0 0");
}

#[tokio::test]
async fn while_the_database_is_away_nobody_is_refused_for_good() {
    let cluster = cluster(
        "INSERT INTO users VALUES ('joe@example.org');
         INSERT INTO aliases VALUES ('sales', 'joe');",
    );
    let (joe, sales, jim) = ("joe@example.org", "sales@example.org", "jim@example.org");
    let early = database(&cluster, patient());
    let directory_before = directory(&early).await;
    hears(&directory_before, [(joe, 250), (sales, 250), (jim, 550)]).await;

    cluster.stop();
    assert!(early.check().await.is_err());
    // Aliases were read; nobody knows who has a mailbox.
    hears(&directory_before, [(joe, 451), (sales, 250), (jim, 451)]).await;
    // One that begins meanwhile knows nothing.
    let late = database(&cluster, patient());
    let directory_behind = directory(&late).await;
    hears(&directory_behind, [(joe, 451), (sales, 451), (jim, 451)]).await;

    cluster.run();
    for directory in [&directory_before, &directory_behind] {
        hears(directory, [(joe, 250), (sales, 250), (jim, 550)]).await;
    }
    early.check().await.unwrap();
    // Between two lookups: what is left of before is dead, which nobody should hear of.
    cluster.stop();
    cluster.run();
    hears(&directory_before, [(joe, 250), (sales, 250), (jim, 550)]).await;
}

#[tokio::test]
async fn what_takes_too_long_is_given_up() {
    let cluster = cluster(
        "INSERT INTO users VALUES ('joe@example.org'), ('slow@example.org');
         INSERT INTO aliases VALUES ('sales', 'joe');",
    );
    let short = PostgresOptions::default().timeout(Duration::from_secs(2)).refresh(Duration::ZERO);
    let database = database(&cluster, short.connections(1));
    let slow =
        "SELECT 1 FROM users, pg_sleep(CASE WHEN $1 LIKE 'slow%' THEN 600 ELSE 0 END) WHERE address = $1";
    let users = PostgresUsers::open(&database, slow).await.unwrap();
    let file = aliases(&database).await;
    let directory = AliasDirectory::new(file, users, [domain("example.org")]);
    // The one connection is given up with it.
    for _ in 0..2 {
        hears(&directory, [("slow@example.org", 451), ("joe@example.org", 250), ("sales@example.org", 250)])
            .await;
    }
    // Who cannot have the table in time goes on with what was read.
    cluster.execute(
        "ALTER TABLE aliases RENAME TO kept;
         CREATE VIEW aliases AS SELECT name, members FROM kept, pg_sleep(600)",
    );
    assert_eq!(resolve(&directory, "sales@example.org").await, "joe@example.org");
    cluster
        .execute("DROP VIEW aliases; ALTER TABLE kept RENAME TO aliases; UPDATE aliases SET members = 'ann'");
    assert_eq!(resolve(&directory, "sales@example.org").await, "ann@example.org");
}
