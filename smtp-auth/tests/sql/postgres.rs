use std::time::Duration;

use peers::Postgres;
use smtp_auth::{CredentialStore, ScramHash, SqlStore, TrustedRoots, Verdict};
use smtp_core::testing::facts;

use crate::{INJECTIONS, LOGINS, QUERY, login, stored, try_login, users};

fn cluster() -> Postgres {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let cluster = Postgres::start_with_tls(&key.cert.pem(), &key.signing_key.serialize_pem());
    let table =
        "CREATE TABLE users (name TEXT PRIMARY KEY, hash VARCHAR, keys TEXT, locked BOOL, expired BOOL);";
    cluster.execute(&format!("{table}{}", users()));
    cluster
}

fn store(cluster: &Postgres, query: &str) -> SqlStore {
    let address = cluster.address();
    let builder = SqlStore::postgres(address, query).scram_keys([ScramHash::Sha256]);
    builder.timeout(Duration::from_secs(60)).build().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_and_keys_are_found() {
    let cluster = cluster();
    let store = store(&cluster, QUERY);
    store.check().await.unwrap();
    for (name, password, verdict) in LOGINS {
        assert_eq!(login(&store, name, password).await, verdict, "{name} {password}");
    }
    for name in INJECTIONS {
        assert_eq!(login(&store, name, "pencil").await, Verdict::Refused, "{name}");
    }
    assert_eq!(login(&store, "alice", "pencil").await, Verdict::Accepted);
    let facts = facts();
    for (name, has_keys) in [("alice", true), ("keys", true), ("carol", false), ("disabled", false)] {
        let keys = store.scram_keys(name, ScramHash::Sha256, facts.session()).await.unwrap();
        assert_eq!(keys.is_some(), has_keys, "{name}");
    }

    let mut flood = tokio::task::JoinSet::new();
    for _ in 0..60 {
        let (store, session) = (store.clone(), facts.session().clone());
        flood.spawn(async move { store.scram_keys("alice", ScramHash::Sha256, &session).await });
    }
    while let Some(answer) = flood.join_next().await {
        assert!(answer.unwrap().unwrap().is_some());
    }
    a_query_that_does_not_fit_is_said(&cluster).await;
    what_was_prepared_is_forgotten_with_the_table(&cluster).await;
}

async fn a_query_that_does_not_fit_is_said(cluster: &Postgres) {
    let table = [
        ("SELECT hash AS password FROM users", "parameter"),
        ("SELECT hash AS password FROM users WHERE name = $1 OR name = $2", "parameter"),
        ("SELECT hash FROM users WHERE name = $1", "neither"),
        ("SELECT hash AS password FROM people WHERE name = $1", "people"),
        ("SELECT", "parameter"),
    ];
    for (query, problem) in table {
        let error = store(cluster, query).check().await.unwrap_err().to_string();
        assert!(error.contains(problem), "{query}: {error}");
    }
    for query in [
        "SELECT hash AS password FROM users WHERE name <> $1",
        "SELECT hash AS password, name AS disabled FROM users WHERE name = $1",
        "SELECT 1 AS password FROM users WHERE name = $1",
    ] {
        assert!(try_login(&store(cluster, query), "alice", "pencil").await.is_err(), "{query}");
    }
    let integers = "SELECT hash AS password, locked::int AS disabled, expired::int::int8 AS expired FROM users WHERE name = $1";
    assert_eq!(login(&store(cluster, integers), "expired", "pencil").await, Verdict::Expired);
    assert_eq!(login(&store(cluster, integers), "alice", "pencil").await, Verdict::Accepted);
}

async fn what_was_prepared_is_forgotten_with_the_table(cluster: &Postgres) {
    let store = store(cluster, QUERY);
    assert_eq!(login(&store, "alice", "pencil").await, Verdict::Accepted);
    cluster.execute("ALTER TABLE users ALTER locked TYPE INT USING locked::int");
    assert_eq!(login(&store, "alice", "pencil").await, Verdict::Accepted);
    let (other, _) = stored("other");
    cluster.execute(&format!("UPDATE users SET hash = '{other}' WHERE name = 'alice'"));
    assert_eq!(login(&store, "alice", "pencil").await, Verdict::Refused);
    assert_eq!(login(&store, "alice", "other").await, Verdict::Accepted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_goes_away_and_comes_back_is_noticed() {
    let cluster = cluster();
    let store = store(&cluster, QUERY);
    assert_eq!(login(&store, "alice", "pencil").await, Verdict::Accepted);
    cluster.stop();
    for _ in 0..3 {
        let error = try_login(&store, "alice", "pencil").await.unwrap_err().to_string();
        assert!(!error.contains(Postgres::PASSWORD), "{error}");
    }
    cluster.run();
    assert_eq!(login(&store, "alice", "pencil").await, Verdict::Accepted);
    // Between two logins: what lies in the pool is dead, which nobody should hear of.
    cluster.stop();
    cluster.run();
    assert_eq!(login(&store, "alice", "pencil").await, Verdict::Accepted);
    a_query_that_takes_too_long_is_ended(&cluster).await;
}

async fn a_query_that_takes_too_long_is_ended(cluster: &Postgres) {
    let slow = "SELECT hash AS password FROM users, pg_sleep(CASE WHEN $1 = 'carol' THEN 600 ELSE 0 END) WHERE name = $1";
    let address = cluster.address();
    let store =
        SqlStore::postgres(address, slow).connections(1).timeout(Duration::from_secs(2)).build().unwrap();
    assert_eq!(login(&store, "alice", "pencil").await, Verdict::Accepted);
    for _ in 0..2 {
        assert!(try_login(&store, "carol", "pencil").await.is_err());
        assert_eq!(login(&store, "alice", "pencil").await, Verdict::Accepted);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_verified() {
    let cluster = cluster();
    cluster.execute("ALTER SYSTEM SET password_encryption = 'scram-sha-256'");
    let address = format!("{} sslmode=require", cluster.address());
    let encrypted = "SELECT hash AS password, NOT ssl AS disabled FROM users, pg_stat_ssl
        WHERE name = $1 AND pid = pg_backend_pid()";
    let store = |roots| SqlStore::postgres(&*address, encrypted).trusted_roots(roots).build().unwrap();
    let trusting = store(TrustedRoots::File(cluster.certificate()));
    assert_eq!(login(&trusting, "alice", "pencil").await, Verdict::Accepted);
    let error = try_login(&store(TrustedRoots::Web), "alice", "pencil").await.unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");

    let address = address.replace("host=localhost", "host=db.example");
    let store = SqlStore::postgres(&*address, encrypted)
        .trusted_roots(TrustedRoots::File(cluster.certificate()))
        .build()
        .unwrap();
    let error = try_login(&store, "alice", "pencil").await.unwrap_err().to_string();
    assert!(error.contains("certificate"), "{error}");
    // Without TLS the same query says that nobody may log in.
    let plain = SqlStore::postgres(cluster.address(), encrypted).build().unwrap();
    assert_eq!(login(&plain, "alice", "pencil").await, Verdict::Refused);
}

#[test]
fn a_malformed_address_is_not_repeated() {
    for address in
        ["postgres://smtpd:hunter2@localhost:port/mail", "host=localhost password=hunter2 port=hunter2"]
    {
        let error = SqlStore::postgres(address, QUERY).build().unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
