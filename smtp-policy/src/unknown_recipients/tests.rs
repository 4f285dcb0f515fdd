use std::time::Duration;

use smtp_core::testing::{facts, request};
use smtp_core::{BoxError, Command, Identity, Reply, Request, SessionFacts};
use tower::{Layer, ServiceExt, service_fn};

use super::*;
use crate::rate_limit::Rate;
use crate::state::in_memory;

/// The code of the reply to RCPT; joe is known, and who is relayed for is another matter.
async fn code(layer: &UnknownRecipientsLayer, facts: &SessionFacts, recipient: &str) -> u16 {
    let stack = layer.layer(service_fn(|request: Request| async move {
        let Command::Rcpt(recipient) = request.command else { panic!("no RCPT") };
        Ok::<_, BoxError>(match recipient.path.to_string().as_str() {
            "<joe@example.org>" => Reply::new(250, "2.1.5 ok"),
            "<joe@example.net>" => Reply::new(550, "5.7.1 relaying denied"),
            "<jane@example.org>" => Reply::new(553, "5.1.8 the domain of the sender does not exist"),
            _ => Reply::new(550, "5.1.1 no such user here"),
        })
    }));
    let line = format!("RCPT TO:<{recipient}>");
    stack.oneshot(request(&line, facts.session())).await.unwrap().code().get()
}

#[tokio::test(start_paused = true)]
async fn a_session_that_guesses_ends() {
    let layer = UnknownRecipientsLayer::new(in_memory()).per_session(2);
    let facts = facts();
    for (recipient, expected) in [
        ("a@example.org", 550),
        ("joe@example.org", 250),
        ("joe@example.net", 550),
        ("joe@example.net", 550),
        ("jane@example.org", 553),
        ("jane@example.org", 553),
        ("b@example.org", 550),
        ("c@example.org", 421),
    ] {
        assert_eq!(code(&layer, &facts, recipient).await, expected, "{recipient}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_guesses_hears_nothing_more_for_a_while() {
    let layer = UnknownRecipientsLayer::new(in_memory()).per_client(Rate::hourly(3));
    for _ in 0..3 {
        assert_eq!(code(&layer, &facts(), "a@example.org").await, 550);
    }
    // Neither way.
    assert_eq!(code(&layer, &facts(), "joe@example.org").await, 450);
    assert_eq!(code(&layer, &facts(), "a@example.org").await, 450);
    let mut alice = facts();
    alice.set_identity(Identity::new("alice", "PLAIN"));
    assert_eq!(code(&layer, &alice, "a@example.org").await, 550);
    let trusted = layer.clone().exempt_networks(["192.0.2.0/24".parse().unwrap()]);
    assert_eq!(code(&trusted, &facts(), "a@example.org").await, 550);
    tokio::time::advance(Duration::from_secs(20 * 60)).await;
    assert_eq!(code(&layer, &facts(), "joe@example.org").await, 250);
}
