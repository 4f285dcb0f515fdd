use std::time::Duration;

use smtp_core::testing::domain;
use smtp_core::{ConnectionInfo, Peer, SessionFacts};

use super::*;

fn from(address: &str) -> SessionFacts {
    let peer = Peer::Ip((address.parse::<IpAddr>().unwrap(), 40000).into());
    SessionFacts::new(ConnectionInfo::new(peer, domain("server.example")))
}

async fn is_admitted(throttle: &Throttle, name: &str, address: &str) -> bool {
    throttle.admit(Some(name), from(address).session()).await.is_ok()
}

async fn fail(throttle: &Throttle, name: &str, address: &str, times: u32) -> u32 {
    let mut failures = 0;
    for _ in 0..times {
        failures = throttle.failed(Some(name), from(address).session()).await;
    }
    failures
}

#[tokio::test(start_paused = true)]
async fn a_client_is_refused_a_name_that_fails_too_often() {
    let throttle = Throttle::default();
    fail(&throttle, "alice", "192.0.2.1", 9).await;
    assert!(is_admitted(&throttle, "alice", "192.0.2.1").await);
    fail(&throttle, "alice", "192.0.2.1", 1).await;
    assert!(!is_admitted(&throttle, "alice", "192.0.2.1").await);
    // Neither another name nor the user elsewhere suffers.
    assert!(is_admitted(&throttle, "bob", "192.0.2.1").await);
    assert!(is_admitted(&throttle, "alice", "192.0.2.2").await);
    // One is forgiven after six minutes.
    tokio::time::advance(Duration::from_secs(361)).await;
    assert!(is_admitted(&throttle, "alice", "192.0.2.1").await);
    fail(&throttle, "alice", "192.0.2.1", 1).await;
    assert!(!is_admitted(&throttle, "alice", "192.0.2.1").await);
    for name in ["ALICE", " alice", "alice  "] {
        assert!(!is_admitted(&throttle, name, "192.0.2.1").await, "many stores take it for the same name");
    }
    throttle.succeeded("alice", from("192.0.2.1").session()).await;
    assert!(is_admitted(&throttle, "alice", "192.0.2.1").await);
}

#[tokio::test(start_paused = true)]
async fn many_networks_of_one_site_do_not_help() {
    let throttle = Throttle::default();
    throttle.succeeded("alice", from("2001:db8::1").session()).await;
    for number in 0..300 {
        let address = format!("2001:db8:0:{number:x}::1");
        assert!(is_admitted(&throttle, "bob", &address).await);
        fail(&throttle, "bob", &address, 1).await;
    }
    assert!(!is_admitted(&throttle, "bob", "2001:db8:0:ffff::1").await);
    assert!(!is_admitted(&throttle, "carol", "2001:db8:0:ffff::1").await);
    assert!(is_admitted(&throttle, "alice", "2001:db8::1").await, "known from here");
    assert!(is_admitted(&throttle, "bob", "2001:db8:1::1").await);
}

#[tokio::test(start_paused = true)]
async fn a_client_is_refused_when_it_tries_many_names() {
    let throttle = Throttle::default();
    throttle.succeeded("alice", from("192.0.2.1").session()).await;
    for number in 0..30 {
        let name = format!("user{number}");
        assert!(is_admitted(&throttle, &name, "192.0.2.1").await);
        fail(&throttle, &name, "192.0.2.1", 1).await;
    }
    assert!(!is_admitted(&throttle, "bob", "192.0.2.1").await);
    assert_eq!(throttle.admit(None, from("192.0.2.1").session()).await.err(), Some(Refusal::TooManyFailures));
    assert!(is_admitted(&throttle, "alice", "192.0.2.1").await, "known from here");
    assert!(is_admitted(&throttle, "bob", "192.0.2.2").await);
    // IPv6 clients have many addresses.
    for number in 0..30 {
        fail(&throttle, &format!("user{number}"), &format!("2001:db8::{number:x}"), 1).await;
    }
    assert!(!is_admitted(&throttle, "bob", "2001:db8::ffff").await);
    assert!(is_admitted(&throttle, "bob", "2001:db8:0:1::1").await);
}

#[tokio::test(start_paused = true)]
async fn guessing_from_many_networks_gets_slow_but_locks_nobody_out() {
    let throttle = Throttle::default();
    throttle.succeeded("alice", from("198.51.100.1").session()).await;
    for number in 0..100 {
        let address = format!("192.0.2.{number}");
        assert!(is_admitted(&throttle, "alice", &address).await);
        let failures = fail(&throttle, "alice", &address, 1).await;
        assert_eq!(failures, if number < 49 { 1 } else { u32::MAX }, "{number}");
    }
    // From where she is known, her own typing errors are as slow as ever; elsewhere she gets in too.
    assert_eq!(fail(&throttle, "alice", "198.51.100.1", 1).await, 1);
    assert!(is_admitted(&throttle, "alice", "198.51.100.1").await);
    assert!(is_admitted(&throttle, "alice", "203.0.113.1").await);
}

#[tokio::test(start_paused = true)]
async fn some_are_not_counted() {
    let throttle = Throttle::default().exempt(|address| address.is_loopback());
    assert_eq!(fail(&throttle, "alice", "127.0.0.1", 1000).await, 0);
    assert!(is_admitted(&throttle, "alice", "127.0.0.1").await);
    let local = SessionFacts::new(ConnectionInfo::default());
    for _ in 0..1000 {
        assert_eq!(throttle.failed(Some("alice"), local.session()).await, 0);
    }
    assert!(throttle.admit(Some("alice"), local.session()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn what_is_remembered_lies_where_it_is_told_to() {
    let state = State::new(smtp_core::state::MemoryState::new());
    let throttle = || Throttle::default().remember_in(state.clone());
    fail(&throttle(), "alice", "192.0.2.1", 10).await;
    assert!(!is_admitted(&throttle(), "alice", "192.0.2.1").await);
    assert!(is_admitted(&Throttle::default(), "alice", "192.0.2.1").await);
}

/// A store that is away.
struct Away;

impl smtp_core::state::StateStore for Away {
    fn update(
        &self,
        _: smtp_core::state::StateKey,
        _: smtp_core::state::StateChange,
    ) -> smtp_core::BoxFuture<Result<(), BoxError>> {
        Box::pin(async { Err("no disk".into()) })
    }
}

#[tokio::test]
async fn nobody_guesses_uncounted() {
    let throttle = Throttle::default().remember_in(State::new(Away));
    let refused = throttle.admit(Some("alice"), from("192.0.2.1").session()).await.err().unwrap();
    assert_eq!(refused.reply().to_string(), "454 4.7.0 temporary authentication failure");
    assert_eq!(fail(&throttle, "alice", "192.0.2.1", 1).await, u32::MAX);
}
