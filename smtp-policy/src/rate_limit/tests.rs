use std::time::Duration;

use smtp_core::state::{State, StateChange, StateKey, StateStore};
use smtp_core::testing::{domain, facts, request, sender};
use smtp_core::{BoxError, BoxFuture, Command, ConnectionInfo, Identity, Peer, Reply, Request, SessionFacts};
use tower::{Layer, ServiceExt, service_fn};

use super::*;
use crate::AccessMap;
use crate::state::in_memory;

fn from(address: &str) -> SessionFacts {
    let peer = Peer::Ip((address.parse::<std::net::IpAddr>().unwrap(), 40000).into());
    SessionFacts::new(ConnectionInfo::new(peer, domain("server.example")))
}

/// The codes of the replies to these lines; a stack that knows no password.
async fn codes(layer: &RateLimitLayer, facts: &SessionFacts, lines: &[&str]) -> Vec<u16> {
    let stack = layer.layer(service_fn(|request: Request| async move {
        let failed = matches!(request.command, Command::Auth(_));
        Ok::<_, BoxError>(if failed { Reply::new(535, "5.7.8 no") } else { Reply::new(250, "2.0.0 ok") })
    }));
    let mut codes = Vec::new();
    for line in lines {
        codes.push(stack.clone().oneshot(request(line, facts.session())).await.unwrap().code().get());
    }
    codes
}

#[tokio::test(start_paused = true)]
async fn connections_are_counted_by_client_and_by_network() {
    let layer = RateLimitLayer::new(in_memory())
        .limit(Counted::Connections, By::Address, Rate::per_minute(2))
        .limit(Counted::Connections, By::NETWORK, Rate::per_minute(4))
        .exempt_networks(["203.0.113.0/24".parse().unwrap()]);
    for (address, expected) in [
        ("192.0.2.1", [250, 250, 421]),
        ("192.0.2.2", [250, 250, 421]),
        ("192.0.2.3", [421, 421, 421]),
        ("198.51.100.1", [250, 250, 421]),
        ("203.0.113.1", [250, 250, 250]),
        // One client of IPv6 has many addresses, and one site many clients.
        ("2001:db8::1", [250, 250, 421]),
        ("2001:db8::2", [421, 421, 421]),
        ("2001:db8:0:1::1", [250, 250, 421]),
        ("2001:db8:0:2::1", [421, 421, 421]),
    ] {
        assert_eq!(codes(&layer, &from(address), &["", "", ""]).await, expected, "{address}");
    }
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(codes(&layer, &from("192.0.2.1"), &["", "", "NOOP"]).await, [250, 421, 250]);
}

#[tokio::test(start_paused = true)]
async fn messages_and_recipients_are_counted_by_account_and_by_sender() {
    let layer = RateLimitLayer::new(in_memory())
        .limit(Counted::Messages, By::Account, Rate::hourly(3))
        .limit(Counted::Messages, By::Sender, Rate::hourly(2))
        .limit(Counted::Recipients, By::Sender, Rate::daily(1));
    let mut alice = facts();
    alice.set_identity(Identity::new("alice", "PLAIN"));
    let lines = [
        "MAIL FROM:<a@example.org>",
        "MAIL FROM:<A@example.org>",
        "MAIL FROM:<a@EXAMPLE.org>",
        "MAIL FROM:<b@example.org>",
    ];
    assert_eq!(codes(&layer, &alice, &lines).await, [250, 250, 451, 451]);
    // Who did not log in has no account, and a bounce no sender.
    assert_eq!(
        codes(&layer, &facts(), &["MAIL FROM:<b@example.org>", "MAIL FROM:<>", "MAIL FROM:<>"]).await,
        [250; 3]
    );
    let mut transaction = facts();
    transaction.start_transaction(sender("c@example.org"));
    assert_eq!(codes(&layer, &transaction, &["RCPT TO:<x@example.net>"; 2]).await, [250, 451]);
}

#[tokio::test(start_paused = true)]
async fn failed_logins_are_counted_and_others_are_not() {
    let layer = RateLimitLayer::new(in_memory()).limit(Counted::FailedLogins, By::Address, Rate::hourly(2));
    assert_eq!(codes(&layer, &facts(), &["AUTH PLAIN"; 4]).await, [535, 535, 454, 454]);
    let succeeds = service_fn(|_: Request| async {
        Ok::<_, BoxError>(Reply::new(235, "2.7.0 ok").and_authenticate(Identity::new("alice", "PLAIN")))
    });
    let stack = layer.layer(succeeds);
    for _ in 0..5 {
        let facts = from("198.51.100.1");
        let reply = stack.clone().oneshot(request("AUTH PLAIN", facts.session())).await.unwrap();
        assert_eq!(reply.code(), 235);
        assert!(reply.effects().unwrap().identity.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn sendmails_map_says_how_often_a_client_may_come() {
    let map = AccessMap::from_text("ClientRate:192.0.2 2\nClientRate:192.0.2.9 0\n").unwrap();
    let layer = RateLimitLayer::new(in_memory()).access_map(map);
    assert_eq!(codes(&layer, &from("192.0.2.1"), &[""; 3]).await, [250, 250, 421]);
    assert_eq!(codes(&layer, &from("192.0.2.9"), &[""; 3]).await, [250; 3]);
    assert_eq!(codes(&layer, &from("198.51.100.1"), &[""; 3]).await, [250; 3]);
    // Never more within a minute, and who does not wait waits on.
    for seconds in [20, 20, 30] {
        tokio::time::advance(Duration::from_secs(seconds)).await;
        assert_eq!(codes(&layer, &from("192.0.2.1"), &[""; 3]).await, [421; 3]);
    }
    tokio::time::advance(Duration::from_secs(70)).await;
    assert_eq!(codes(&layer, &from("192.0.2.1"), &[""; 3]).await, [250, 250, 421]);
}

#[tokio::test(start_paused = true)]
async fn nobody_uses_up_what_another_has() {
    let layer = RateLimitLayer::new(in_memory())
        .limit(Counted::Messages, By::Account, Rate::hourly(2))
        .limit(Counted::Messages, By::Sender, Rate::hourly(2))
        .limit(Counted::Messages, By::Address, Rate::hourly(4));
    let lines = ["MAIL FROM:<alice@example.org>"; 3];
    // A stranger who says to be her, and one who is called as another's address.
    assert_eq!(codes(&layer, &from("198.51.100.1"), &lines).await, [250, 250, 451]);
    let mut odd = from("198.51.100.2");
    odd.set_identity(Identity::new("192.0.2.1", "PLAIN"));
    assert_eq!(codes(&layer, &odd, &["MAIL FROM:<x@example.org>"; 3]).await, [250, 250, 451]);
    let mut alice = from("192.0.2.1");
    alice.set_identity(Identity::new("alice@example.org", "PLAIN"));
    assert_eq!(codes(&layer, &alice, &lines).await, [250, 250, 451]);
    // Nor is she in the way of who has her on a list.
    assert_eq!(codes(&layer, &from("203.0.113.1"), &lines).await, [250, 250, 451]);
}

#[tokio::test(start_paused = true)]
async fn lookups_and_flushes_are_counted() {
    let layer = RateLimitLayer::new(in_memory()).limit(Counted::Lookups, By::Address, Rate::hourly(2)).limit(
        Counted::Flushes,
        By::NETWORK,
        Rate::hourly(1),
    );
    let lines = ["VRFY joe", "EXPN staff", "VRFY joe", "ETRN example.org", "etrn @example.org", "XYZZY"];
    assert_eq!(codes(&layer, &facts(), &lines).await, [250, 250, 451, 250, 458, 250]);
}

struct Away;

impl StateStore for Away {
    fn update(&self, _: StateKey, _: StateChange) -> BoxFuture<Result<(), BoxError>> {
        Box::pin(async { Err("no disk".into()) })
    }
}

#[tokio::test]
async fn mail_comes_in_while_the_store_is_away() {
    let layer =
        RateLimitLayer::new(State::new(Away)).limit(Counted::Connections, By::Address, Rate::hourly(1));
    assert_eq!(codes(&layer, &facts(), &["", ""]).await, [250, 250]);
}
