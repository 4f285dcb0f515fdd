//! What goes wrong, and what it costs.

use std::time::Duration;

use smtp_auth::{AuthLayer, StoreError, Verdict, verify_fn};
use smtp_core::DialogueError;
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
