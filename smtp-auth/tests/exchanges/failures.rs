//! What goes wrong, and what it costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use smtp_auth::{AuthLayer, StoreError, Throttle, Verdict, verify_fn};
use smtp_core::testing::domain;
use smtp_core::{ConnectionInfo, DialogueError, Peer, SessionFacts};
use tokio::time::Instant;

use crate::client::{exchange, protected, script};

#[tokio::test]
async fn unknown_mechanisms_are_refused() {
    let layer = AuthLayer::new(verify_fn(|_, _| async { Ok(Verdict::Accepted) }));
    // The store has no keys for SCRAM.
    for mechanism in ["NTLM", "SCRAM-SHA-256", "plain", ""] {
        let (_, reply) = exchange(&layer, &protected(), mechanism, Some(b"x"), script([])).await;
        assert_eq!(reply.to_string(), "504 5.5.4 unrecognized authentication mechanism");
    }
}

#[tokio::test(start_paused = true)]
async fn failures_are_slow_and_few() {
    let layer = AuthLayer::new(verify_fn(|_, _| async { Ok(Verdict::Refused) }));
    let facts = protected();
    for (code, seconds) in [(535, 1), (535, 2), (421, 4), (421, 8)] {
        let start = Instant::now();
        let (_, reply) = exchange(&layer, &facts, "PLAIN", Some(b"\0alice\0x"), script([])).await;
        assert_eq!((reply.code().get(), start.elapsed().as_secs()), (code, seconds));
    }
    // Another connection begins anew.
    let (_, reply) = exchange(&layer, &protected(), "PLAIN", Some(b"\0alice\0x"), script([])).await;
    assert_eq!(reply.code(), 535);
}

#[tokio::test(start_paused = true)]
async fn delay_and_bound_can_be_chosen() {
    let layer = AuthLayer::new(verify_fn(|_, _| async { Ok(Verdict::Refused) }))
        .failure_delay(Duration::ZERO)
        .max_failures(0);
    let start = Instant::now();
    let (_, reply) = exchange(&layer, &protected(), "LOGIN", None, script([b"a", b"b"])).await;
    assert_eq!(reply.to_string(), "421 4.7.0 too many failed authentications, closing connection");
    assert_eq!(start.elapsed(), Duration::ZERO);
}

/// The facts of a session within TLS with this client.
fn from(address: [u8; 4]) -> SessionFacts {
    let tls = protected().session().tls().expect("TLS").clone();
    let peer = Peer::Ip((address, 40000).into());
    SessionFacts::new(ConnectionInfo::new(peer, domain("server.example")).tls(tls))
}

#[tokio::test(start_paused = true)]
async fn who_guesses_is_no_longer_heard_and_locks_nobody_out() {
    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    let layer = AuthLayer::new(verify_fn(move |login, _| {
        count.fetch_add(1, Ordering::Relaxed);
        async move { Ok(Verdict::from(login.password.expose() == b"right")) }
    }));
    let try_as = async |name: &str, password: &str, address| {
        let message = format!("\0{name}\0{password}");
        let (_, reply) =
            exchange(&layer, &from(address), "PLAIN", Some(message.as_bytes()), script([])).await;
        reply.to_string()
    };
    let (mallory, alice) = ([192, 0, 2, 1], [192, 0, 2, 2]);
    let start = Instant::now();
    for _ in 0..10 {
        let reply = try_as("alice", "wrong", mallory).await;
        assert_eq!(reply, "535 5.7.8 authentication credentials invalid");
    }
    // Each came in a connection of its own, and was slow all the same.
    assert_eq!(start.elapsed().as_secs(), 1 + 2 + 4 + 8 + 16 + 5 * 30);
    for password in ["wrong", "right"] {
        let reply = try_as("alice", password, mallory).await;
        assert_eq!(reply, "454 4.7.0 too many failed authentications, try again later");
    }
    assert_eq!(asked.load(Ordering::Relaxed), 10, "what is refused is not looked at");
    assert_eq!(try_as("alice", "right", alice).await, "235 2.7.0 authentication succeeded");
    assert_eq!(try_as("mallory", "right", mallory).await, "235 2.7.0 authentication succeeded");
}

#[tokio::test(start_paused = true)]
async fn layers_may_count_together() {
    let layer = || AuthLayer::new(verify_fn(|_, _| async { Ok(Verdict::Refused) }));
    let throttle = Throttle::default();
    let (one, other) = (layer().throttle(throttle.clone()), layer().throttle(throttle));
    let message = b"\0alice\0wrong";
    for layer in [&one, &other].into_iter().cycle().take(10) {
        let (_, reply) = exchange(layer, &from([192, 0, 2, 1]), "PLAIN", Some(message), script([])).await;
        assert_eq!(reply.code(), 535);
    }
    let (_, reply) = exchange(&one, &from([192, 0, 2, 1]), "PLAIN", Some(message), script([])).await;
    assert_eq!(reply.code(), 454);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_answer_is_nobody_s_failure() {
    let layer = AuthLayer::new(verify_fn(|_, _| async { Err(StoreError::new("down")) }));
    let facts = protected();
    let start = Instant::now();
    for _ in 0..5 {
        let (_, reply) = exchange(&layer, &facts, "PLAIN", Some(b"\0alice\0x"), script([])).await;
        assert_eq!(reply.to_string(), "454 4.7.0 temporary authentication failure");
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test]
async fn a_broken_dialogue_has_its_own_reply() {
    let layer = AuthLayer::new(verify_fn(|_, _| async { Ok(Verdict::Accepted) }));
    for mechanism in ["PLAIN", "LOGIN"] {
        for error in [DialogueError::Cancelled, DialogueError::Encoding, DialogueError::TooLong] {
            let (_, reply) = exchange(&layer, &protected(), mechanism, None, |_| Err(error)).await;
            assert_eq!(reply, error.reply());
        }
    }
}
