use std::time::Duration;

use smtp_core::testing::{domain, recipient, request, sender};
use smtp_core::{BoxError, Command, ConnectionInfo, Identity, Peer, Reply, Request, SessionFacts};
use tower::{Layer, ServiceExt, service_fn};

use super::*;
use crate::client_name::ClientName;
use crate::state::in_memory;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

fn from(address: &str, mail: &str) -> SessionFacts {
    let peer = Peer::Ip((address.parse::<std::net::IpAddr>().unwrap(), 40000).into());
    let mut facts = SessionFacts::new(ConnectionInfo::new(peer, domain("server.example")));
    facts.start_transaction(sender(mail));
    facts
}

/// The reply to a line, where all are known but nobody@.
async fn reply(layer: &GreylistLayer, facts: &SessionFacts, line: &str) -> String {
    let stack = layer.layer(service_fn(|request: Request| async move {
        let unknown =
            matches!(&request.command, Command::Rcpt(to) if to.path.to_string().starts_with("<nobody"));
        Ok::<_, BoxError>(if unknown { Reply::new(550, "5.1.1 who?") } else { Reply::new(250, "2.0.0 ok") })
    }));
    stack.oneshot(request(line, facts.session())).await.unwrap().to_string()
}

async fn waits(layer: &GreylistLayer, address: &str, mail: &str, to: &str) -> bool {
    let reply = reply(layer, &from(address, mail), &format!("RCPT TO:<{to}>")).await;
    assert!(reply.starts_with("250") || reply.starts_with("451 4.7.1 greylisted"), "{reply}");
    reply.starts_with("451")
}

#[tokio::test(start_paused = true)]
async fn who_comes_again_in_time_is_let_in() {
    let layer = GreylistLayer::new(in_memory());
    let (ann, joe) = ("ann@example.net", "joe@example.org");
    assert!(waits(&layer, "192.0.2.1", ann, joe).await);
    tokio::time::advance(4 * MINUTE).await;
    let rest = reply(&layer, &from("192.0.2.1", ann), "RCPT TO:<joe@example.org>").await;
    assert_eq!(rest, "451 4.7.1 greylisted, try again in 1 minute");
    tokio::time::advance(MINUTE).await;
    // From a neighbour, and in other letters.
    assert!(!waits(&layer, "192.0.2.99", "Ann+list-7@EXAMPLE.net", "JOE@example.org").await);
    assert!(waits(&layer, "198.51.100.1", ann, joe).await, "another network");
    assert!(waits(&layer, "192.0.2.1", "bob@example.net", joe).await, "another sender");
    assert!(waits(&layer, "192.0.2.1", ann, "jane@example.org").await, "another recipient");
    // As long as it writes now and then.
    for _ in 0..3 {
        tokio::time::advance(34 * DAY).await;
        assert!(!waits(&layer, "192.0.2.1", ann, joe).await);
    }
    tokio::time::advance(36 * DAY).await;
    assert!(waits(&layer, "192.0.2.1", ann, joe).await);
}

#[tokio::test(start_paused = true)]
async fn who_comes_too_late_begins_anew() {
    let layer = GreylistLayer::new(in_memory()).delay(MINUTE).window(DAY).lifetime(2 * DAY);
    assert!(waits(&layer, "192.0.2.1", "a@example.net", "joe@example.org").await);
    tokio::time::advance(DAY + MINUTE).await;
    assert!(waits(&layer, "192.0.2.1", "a@example.net", "joe@example.org").await);
    tokio::time::advance(MINUTE).await;
    assert!(!waits(&layer, "192.0.2.1", "a@example.net", "joe@example.org").await);
}

#[tokio::test(start_paused = true)]
async fn a_network_that_always_comes_again_is_known() {
    let layer = GreylistLayer::new(in_memory()).known_after(2);
    for name in ["a", "b"] {
        assert!(waits(&layer, "2001:db8::1", &format!("{name}@example.net"), "joe@example.org").await);
    }
    tokio::time::advance(5 * MINUTE).await;
    for name in ["a", "a", "b"] {
        assert!(!waits(&layer, "2001:db8::1", &format!("{name}@example.net"), "joe@example.org").await);
    }
    assert!(!waits(&layer, "2001:db8::2", "c@example.net", "jane@example.org").await);
    assert!(waits(&layer, "2001:db8:0:1::2", "c@example.net", "jane@example.org").await);
    let never = GreylistLayer::new(in_memory()).known_after(0);
    assert!(waits(&never, "192.0.2.1", "a@example.net", "joe@example.org").await);
}

#[tokio::test(start_paused = true)]
async fn a_flood_does_not_displace_others() {
    let memory = smtp_core::state::MemoryState::with_clock(crate::state::clock()).most(2000);
    let layer = GreylistLayer::new(smtp_core::state::State::new(memory));
    let (ann, joe) = ("ann@example.net", "joe@example.org");
    assert!(waits(&layer, "192.0.2.1", ann, joe).await);
    for number in 0..5000 {
        assert!(waits(&layer, "198.51.100.1", &format!("x{number}@example.com"), joe).await);
    }
    tokio::time::advance(5 * MINUTE).await;
    assert!(!waits(&layer, "192.0.2.1", ann, joe).await);
    // Of the flood itself some is remembered.
    assert!(!waits(&layer, "198.51.100.1", "x0@example.com", joe).await);
    assert!(waits(&layer, "198.51.100.1", "x4999@example.com", joe).await);
}

#[tokio::test(start_paused = true)]
async fn some_do_not_wait() {
    let layer = GreylistLayer::new(in_memory())
        .exempt_networks(["203.0.113.0/24".parse().unwrap()])
        .exempt_clients([".example.com".parse().unwrap()])
        .exempt_recipients(["postmaster@example.org".parse().unwrap()]);
    let line = "RCPT TO:<joe@example.org>";
    let mut user = from("192.0.2.1", "a@example.net");
    user.set_identity(Identity::new("alice", "PLAIN"));
    let named = from("192.0.2.1", "a@example.net");
    named.session().connection().insert(ClientName(domain("mx.example.com")));
    let trusted = from("203.0.113.5", "a@example.net");
    for facts in [user, named, trusted] {
        assert_eq!(reply(&layer, &facts, line).await, "250 2.0.0 ok");
    }
    assert!(!waits(&layer, "192.0.2.1", "a@example.net", "Postmaster@example.org").await);
    // Of those whom nobody knows nothing is kept, and they hear it at once.
    let guess = reply(&layer, &from("192.0.2.1", "a@example.net"), "RCPT TO:<nobody@example.org>").await;
    assert_eq!(guess, "550 5.1.1 who?");
    assert!(waits(&layer, "192.0.2.1", "a@example.net", "joe@example.org").await);
}

#[tokio::test(start_paused = true)]
async fn bounces_wait_at_their_content() {
    let layer = GreylistLayer::new(in_memory());
    let mut bounce = from("192.0.2.1", "");
    assert_eq!(reply(&layer, &bounce, "RCPT TO:<joe@example.org>").await, "250 2.0.0 ok");
    bounce.add_recipient(recipient("joe@example.org"));
    assert_eq!(reply(&layer, &bounce, "DATA").await, "451 4.7.1 greylisted, try again in 5 minutes");
    tokio::time::advance(5 * MINUTE).await;
    assert_eq!(reply(&layer, &bounce, "DATA").await, "250 2.0.0 ok");
}

#[tokio::test(start_paused = true)]
async fn at_data_the_one_who_waits_longest_decides() {
    let layer = GreylistLayer::new(in_memory()).at_data();
    let mut message = from("192.0.2.1", "a@example.net");
    message.add_recipient(recipient("joe@example.org"));
    assert_eq!(reply(&layer, &message, "DATA").await, "451 4.7.1 greylisted, try again in 5 minutes");
    tokio::time::advance(5 * MINUTE).await;
    assert_eq!(reply(&layer, &message, "RCPT TO:<jane@example.org>").await, "250 2.0.0 ok");
    message.add_recipient(recipient("jane@example.org"));
    assert_eq!(reply(&layer, &message, "DATA").await, "451 4.7.1 greylisted, try again in 5 minutes");
    tokio::time::advance(5 * MINUTE).await;
    assert_eq!(reply(&layer, &message, "DATA").await, "250 2.0.0 ok");
}
