//! Who has what, and what becomes of it when a node dies. Nodes die by their rows: what is believed of
//! them is in the database.

use std::time::{Duration, SystemTime};

use smtp_delivery::queue::Store as _;
use smtp_delivery::queue::store::postgres::{PostgresOptions, PostgresStore};
use smtp_delivery::queue::store::{Leased, Rest, Selection};

use crate::{HOUR, database, id, ids, insert, lease, lease_for, node, settle};
use peers::Postgres;

/// Others believe that all nodes that there are now are dead.
fn kill_all(cluster: &Postgres) {
    cluster.execute("UPDATE node SET until = now() - interval '1 second'");
}

fn rest(leased: &Leased, attempts: u32) -> Rest {
    Rest { due: SystemTime::now() + HOUR, attempts, ..leased.jobs[0].job.clone().into() }
}

fn attempts(cluster: &Postgres) -> String {
    cluster.execute("SELECT attempts FROM job")
}

/// Waits until a node hears that something is due for this destination, or anything may be.
async fn hears_of(store: &PostgresStore, destination: &str) {
    while let Some(changes) = store.changed().await {
        if changes.iter().any(|waiting| &*waiting.destination == destination) {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_destination_belongs_to_one_node() {
    let cluster = database();
    let (one, two) = (node(&cluster).await, node(&cluster).await);
    insert(&one, 1, &["x.example", "y.example"]).await;
    assert_eq!(ids(&lease(&one, "x.example").await), [id(1)]);
    insert(&two, 2, &["x.example"]).await;
    let others = lease(&two, "x.example").await;
    assert!(others.jobs.is_empty() && others.next.unwrap() > SystemTime::now() + HOUR / 2, "{others:?}");
    assert_eq!(ids(&lease(&two, "y.example").await), [id(1)]);
    assert!(lease(&one, "y.example").await.jobs.is_empty());
    // Also when nothing is under way, until it is given up.
    settle(&one, 1, None).await;
    assert!(lease(&two, "x.example").await.jobs.is_empty());
    assert_eq!(ids(&lease(&one, "x.example").await), [id(2)]);

    // Who leaves is followed at once.
    one.close().await;
    hears_of(&two, "x.example").await;
    assert_eq!(ids(&lease(&two, "x.example").await), [id(2)]);
    assert_eq!(cluster.execute("SELECT count(*) FROM node"), "1");
    drop(one);
    two.close().await;
    assert_eq!(cluster.execute("SELECT count(*) FROM destination"), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_dead_had_is_taken_over() {
    let cluster = database();
    let (one, two) = (node(&cluster).await, node(&cluster).await);
    insert(&one, 1, &["x.example"]).await;
    let first = lease(&one, "x.example").await;
    kill_all(&cluster);
    let second = lease(&two, "x.example").await;
    assert_eq!(ids(&second), [id(1)]);
    // It was not dead after all, but what it has to say comes too late.
    settle(&one, 1, Some(rest(&first, 7))).await;
    assert_eq!(attempts(&cluster), "0");
    settle(&two, 1, Some(rest(&second, 8))).await;
    assert_eq!(attempts(&cluster), "8");
    settle(&two, 1, None).await;
    assert_eq!(attempts(&cluster), "8");

    // It joins again with what it does next.
    insert(&one, 2, &["y.example"]).await;
    assert_eq!(ids(&lease(&one, "y.example").await), [id(2)]);
    settle(&one, 2, None).await;
    assert_eq!(cluster.execute("SELECT id FROM message"), id(1).to_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_took_over_is_settled_by_who_had_it() {
    let cluster = database();
    let (one, two) = (node(&cluster).await, node(&cluster).await);
    insert(&one, 1, &["x.example"]).await;
    insert(&one, 2, &["x.example"]).await;
    let leased = lease(&one, "x.example").await;
    insert(&two, 3, &["x.example"]).await;
    kill_all(&cluster);
    cluster.execute("DELETE FROM node");
    settle(&one, 1, Some(rest(&leased, 7))).await;
    assert_eq!(cluster.execute("SELECT attempts FROM job WHERE message LIKE '%1'"), "7");
    // What it has anyway it does not get twice.
    assert_eq!(ids(&lease(&one, "x.example").await), [id(3)]);
    settle(&one, 2, None).await;
    assert!(one.find(id(2)).await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_the_name_of_a_dead_node_has_what_it_had() {
    let cluster = database();
    let named = |name: &str| PostgresOptions::default().lease(HOUR).node(name);
    let one = PostgresStore::connect(cluster.address(), named("one")).await.unwrap();
    let two = PostgresStore::connect(cluster.address(), named("two")).await.unwrap();
    insert(&one, 1, &["x.example"]).await;
    insert(&two, 2, &["y.example"]).await;
    assert_eq!(
        (lease(&one, "x.example").await.jobs.len(), lease(&two, "y.example").await.jobs.len()),
        (1, 1)
    );
    let again = PostgresStore::connect(cluster.address(), named("one")).await.unwrap();
    assert_eq!(again.node(), "one");
    assert_eq!(ids(&lease(&again, "x.example").await), [id(1)]);
    assert!(lease(&again, "y.example").await.jobs.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_hear_of_each_other() {
    let cluster = database();
    let (one, two) = (node(&cluster).await, node(&cluster).await);
    // When a node begins, anything may have changed.
    assert!(one.changed().await.is_none() && two.changed().await.is_none());
    insert(&one, 1, &["x.example"]).await;
    hears_of(&two, "x.example").await;
    two.hold(Selection::All, true).await.unwrap();
    two.hold(Selection::All, false).await.unwrap();
    hears_of(&one, "x.example").await;
    two.expedite(Selection::Destination("x.example".into()), SystemTime::now()).await.unwrap();
    hears_of(&one, "x.example").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_up_comes_back() {
    let cluster = database();
    let options = PostgresOptions::default().lease(Duration::from_secs(1));
    let one = PostgresStore::connect(cluster.address(), options).await.unwrap();
    insert(&one, 1, &["x.example"]).await;
    // Nobody renews this one, which is not for longer than the answer takes.
    assert_eq!(lease_for(&one, "x.example", Duration::ZERO).await.jobs.len(), 1);
    // Of another, this node does not know that it has it.
    insert(&one, 2, &["x.example"]).await;
    let mine = "SELECT max(id) FROM node";
    cluster.execute(&format!(
        "UPDATE job SET node = ({mine}), lease = -1, leased = now() WHERE message LIKE '%2'"
    ));
    let mut taken = Vec::new();
    while taken.len() < 2 {
        one.changed().await;
        taken.extend(ids(&lease(&one, "x.example").await));
    }
    taken.sort_unstable();
    assert_eq!(taken, [id(1), id(2)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_destinations_are_left_to_others() {
    let cluster = database();
    let options = PostgresOptions::default().lease(Duration::from_secs(1));
    let one = PostgresStore::connect(cluster.address(), options).await.unwrap();
    let two = node(&cluster).await;
    insert(&one, 1, &["x.example"]).await;
    insert(&one, 2, &["y.example"]).await;
    assert_eq!(
        (lease(&one, "x.example").await.jobs.len(), lease(&one, "y.example").await.jobs.len()),
        (1, 1)
    );
    insert(&two, 3, &["x.example"]).await;
    insert(&two, 4, &["y.example"]).await;
    settle(&one, 2, None).await;
    loop {
        hears_of(&two, "y.example").await;
        if ids(&lease(&two, "y.example").await) == [id(4)] {
            break;
        }
    }
    // To this one something is under way.
    assert!(lease(&two, "x.example").await.jobs.is_empty());
    assert_eq!(cluster.execute("SELECT count(*) FROM destination"), "2");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_read_is_held() {
    let cluster = database();
    let one = node(&cluster).await;
    for number in 1..=3 {
        insert(&one, number, &["x.example"]).await;
    }
    cluster.execute(r#"UPDATE job SET recipients = '[{"to":"nobody"}]' WHERE message LIKE '%2'"#);
    assert_eq!(ids(&lease(&one, "x.example").await), [id(1), id(3)]);
    assert_eq!(cluster.execute("SELECT message FROM job WHERE held AND node IS NULL"), id(2).to_string());
    let said = one.list(None, 9).await.unwrap_err().to_string();
    assert!(said.contains(id(2).as_str()) && said.contains("nobody"), "{said}");
}
