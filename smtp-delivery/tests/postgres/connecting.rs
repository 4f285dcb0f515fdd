use smtp_delivery::queue::StoreError;
use smtp_delivery::queue::store::postgres::{PostgresOptions, PostgresStore};

use crate::{database, id, ids, insert, lease, node};

async fn refused(address: &str, options: PostgresOptions) -> String {
    let error = PostgresStore::connect(address, options).await.unwrap_err();
    assert!(matches!(error, StoreError::Other(_) | StoreError::Final(_)), "{error:?}");
    error.to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_begin_at_once_make_the_tables_once() {
    let cluster = database();
    let nodes = (0..8).map(|_| node(&cluster));
    let nodes = futures::future::join_all(nodes).await;
    assert_eq!(cluster.execute("SELECT version FROM version"), "1");
    insert(&nodes[0], 1, &["x.example"]).await;
    assert_eq!(ids(&lease(&nodes[7], "x.example").await), [id(1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queues_may_share_a_database() {
    let cluster = database();
    let one = node(&cluster).await;
    let options = PostgresOptions::default().schema("another");
    let two = PostgresStore::connect(cluster.address(), options).await.unwrap();
    insert(&one, 1, &["x.example"]).await;
    assert!(lease(&two, "x.example").await.jobs.is_empty());
    insert(&two, 2, &["x.example"]).await;
    assert_eq!(ids(&lease(&one, "x.example").await), [id(1)]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_needs_no_more_than_its_schema() {
    let cluster = database();
    cluster.execute("CREATE ROLE mail LOGIN; CREATE SCHEMA smtp_queue AUTHORIZATION mail");
    let address = cluster.address().replace("user=smtpd", "user=mail");
    let store = PostgresStore::connect(&*address, PostgresOptions::default()).await.unwrap();
    insert(&store, 1, &["x.example"]).await;
    assert_eq!(ids(&lease(&store, "x.example").await), [id(1)]);
    let said = refused(&address, PostgresOptions::default().schema("another")).await;
    assert!(said.contains("permission denied"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_of_a_later_version_are_left_alone() {
    let cluster = database();
    node(&cluster).await.close().await;
    cluster.execute("UPDATE version SET version = 2");
    let said = refused(cluster.address(), PostgresOptions::default()).await;
    assert!(said.contains("later version, 2"), "{said}");
    assert_eq!(cluster.execute("SELECT count(*) FROM node"), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_is_said_before_anything_is_asked() {
    for (address, options, expected) in [
        ("host=192.0.2.1", PostgresOptions::default(), "needs TLS"),
        ("host=/run colour=red", PostgresOptions::default(), "colour"),
        ("host=/run", PostgresOptions::default().schema("public; DROP"), "schema"),
    ] {
        let said = refused(address, options).await;
        assert!(said.contains(expected), "{said}");
    }
    let nowhere = tempfile::tempdir().unwrap();
    let said =
        refused(&format!("host={} user=x", nowhere.path().display()), PostgresOptions::default()).await;
    assert!(said.contains("error connecting to server: No such file"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_is_on_disk_whatever_others_do() {
    let cluster = database();
    cluster.execute("ALTER ROLE smtpd SET synchronous_commit = off");
    let store = node(&cluster).await;
    cluster.execute(
        "CREATE SCHEMA smtp_queue_test; CREATE TABLE smtp_queue_test.seen AS SELECT '' AS setting;
         CREATE FUNCTION smtp_queue_test.look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO smtp_queue_test.seen SELECT current_setting('synchronous_commit'); RETURN NEW;
         END $$;
         CREATE TRIGGER look BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION smtp_queue_test.look()",
    );
    insert(&store, 1, &["x.example"]).await;
    assert_eq!(cluster.execute("SELECT setting FROM smtp_queue_test.seen WHERE setting <> ''"), "on");
}
