//! What comes at the same time shares a transaction.

use std::time::{Duration, SystemTime};

use futures::future::join_all;
use smtp_delivery::queue::store::postgres::{PostgresOptions, PostgresStore};
use smtp_delivery::queue::store::{LeaseRequest, Rest, Selection, Settlement, Which};
use smtp_delivery::queue::{JobKey, Store as _};
use tokio_postgres::NoTls;

use crate::{HOUR, database, id, insert, lease, node, settle};
use peers::Postgres;

const MESSAGES: u32 = 10;

/// How many transactions have written these rows.
fn transactions(cluster: &Postgres, table: &str) -> String {
    cluster.execute(&format!("SELECT count(DISTINCT xmin::text) FROM {table}"))
}

async fn insert_all(store: &PostgresStore) {
    join_all((0..MESSAGES).map(|number| insert(store, number, &["x.example"]))).await;
}

// With one thread nothing is written before all of it has come.
#[tokio::test]
async fn messages_and_outcomes_share_transactions() {
    let cluster = database();
    let store = node(&cluster).await;
    insert_all(&store).await;
    assert_eq!(transactions(&cluster, "message"), "1");
    let leased = lease(&store, "x.example").await;
    let settlements = leased.jobs.into_iter().map(|leased| {
        let key = leased.key();
        let rest = Rest { due: SystemTime::now() + HOUR, attempts: 1, ..leased.job.into() };
        store.settle(Settlement { key, rest: Some(rest) })
    });
    assert!(join_all(settlements).await.iter().all(Result::is_ok));
    assert_eq!(cluster.execute("SELECT sum(attempts) FROM job"), MESSAGES.to_string());
    assert_eq!(transactions(&cluster, "job"), "1");
}

#[tokio::test]
async fn what_is_refused_keeps_nobody_else_from_it() {
    let cluster = database();
    let store = node(&cluster).await;
    insert_all(&store).await;
    assert_eq!(lease(&store, "x.example").await.jobs.len(), 10);
    let refused = id(3);
    cluster.execute(&format!(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not this one'; END $$;
         CREATE TRIGGER refuse BEFORE DELETE ON job FOR EACH ROW WHEN (OLD.message = '{refused}')
         EXECUTE FUNCTION refuse()"
    ));
    let settle_one = |number| {
        let key = JobKey { id: id(number), number: 0 };
        store.settle(Settlement { key, rest: None })
    };
    let settled = join_all((0..MESSAGES).map(settle_one)).await;
    for (number, settled) in (0..).zip(&settled) {
        assert_eq!(settled.is_err(), id(number) == refused, "{settled:?}");
    }
    assert!(settled[3].as_ref().unwrap_err().to_string().contains("not this one"));
    assert_eq!(cluster.execute("SELECT id FROM message"), refused.to_string());
    assert_eq!(store.usage().messages, 1);
    // The lease holds until it can be noted down.
    cluster.execute("DROP TRIGGER refuse ON job");
    settle(&store, 3, None).await;
    assert_eq!(cluster.rows(&["message", "job", "content"]), "0 0 0");
}

/// As by an operator who has begun to change it by hand.
#[tokio::test]
async fn who_keeps_a_job_locked_keeps_no_other_one() {
    let cluster = database();
    let options = PostgresOptions::default().lease(HOUR).timeout(Duration::from_secs(8));
    let store = PostgresStore::connect(cluster.address(), options).await.unwrap();
    insert_all(&store).await;
    assert_eq!(lease(&store, "x.example").await.jobs.len(), 10);
    let (other, connection) = tokio_postgres::connect(cluster.address(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let lock = format!("BEGIN; SELECT FROM smtp_queue.job WHERE message = '{}' FOR UPDATE", id(3));
    other.batch_execute(&lock).await.unwrap();
    let settled = join_all((0..MESSAGES).map(|number| {
        let key = JobKey { id: id(number), number: 0 };
        store.settle(Settlement { key, rest: None })
    }));
    for (number, settled) in (0..).zip(settled.await) {
        assert_eq!(settled.is_err(), number == 3, "{number}: {settled:?}");
    }
    other.batch_execute("COMMIT").await.unwrap();
    settle(&store, 3, None).await;
    assert_eq!(cluster.rows(&["message", "job", "content"]), "0 0 0");
}

/// Whoever did would have no end of it as long as somebody keeps them.
#[tokio::test]
async fn nobody_asks_again_at_once_for_what_is_locked() {
    let cluster = database();
    let store = node(&cluster).await;
    insert(&store, 1, &["x.example"]).await;
    let (other, connection) = tokio_postgres::connect(cluster.address(), NoTls).await.unwrap();
    tokio::spawn(connection);
    other.batch_execute("BEGIN; SELECT FROM smtp_queue.job FOR UPDATE").await.unwrap();
    let now = SystemTime::now();
    let request = LeaseRequest { which: Which::Due("x.example".into()), now, until: now + HOUR, max: 10 };
    let leased = store.lease(request).await.unwrap();
    assert!(leased.jobs.is_empty() && leased.next.unwrap() > now, "{leased:?}");
    other.batch_execute("COMMIT").await.unwrap();
    assert_eq!(lease(&store, "x.example").await.jobs.len(), 1);
}

/// Who changes many jobs waits for others that do, in whichever order they have them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_notices_no_deadlock() {
    let cluster = database();
    // The one that has waited for so long is refused, once the other waits for it.
    cluster.execute("ALTER ROLE smtpd SET deadlock_timeout = '2s'");
    let store = node(&cluster).await;
    for number in 1..=2 {
        insert(&store, number, &["x.example"]).await;
    }
    let (other, connection) = tokio_postgres::connect(cluster.address(), NoTls).await.unwrap();
    tokio::spawn(connection);
    let change = |number| format!("UPDATE smtp_queue.job SET held = held WHERE message = '{}'", id(number));
    other.batch_execute(&format!("SET deadlock_timeout = '20s'; BEGIN; {}", change(2))).await.unwrap();
    let holding = tokio::spawn(store.hold(Selection::All, true));
    let waiting = "SELECT FROM pg_locks WHERE NOT granted";
    while other.query(waiting, &[]).await.unwrap().is_empty() {}
    other.batch_execute(&format!("{}; COMMIT", change(1))).await.unwrap();
    assert_eq!(holding.await.unwrap().unwrap().len(), 1);
    assert_eq!(cluster.execute("SELECT count(*) FROM job WHERE held"), "2");

    let lock = format!("BEGIN; SELECT FROM smtp_queue.message WHERE id = '{}' FOR UPDATE", id(1));
    other.batch_execute(&lock).await.unwrap();
    let removing = tokio::spawn(store.remove(id(1)));
    while other.query(waiting, &[]).await.unwrap().is_empty() {}
    other.batch_execute(&format!("{}; COMMIT", change(1))).await.unwrap();
    assert!(removing.await.unwrap().unwrap());
}
