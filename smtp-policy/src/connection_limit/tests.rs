use std::sync::Arc;

use smtp_core::testing::{domain, request};
use smtp_core::{BoxError, Command, ConnectionInfo, Identity, Peer, Reply, Request, SessionFacts, TlsInfo};
use tower::{Layer, ServiceExt, service_fn};

use super::*;
use crate::AccessMap;
use crate::rate_limit::By;

fn from(address: &str) -> SessionFacts {
    let peer = Peer::Ip((address.parse::<std::net::IpAddr>().unwrap(), 40000).into());
    SessionFacts::new(ConnectionInfo::new(peer, domain("server.example")))
}

fn tls() -> Arc<TlsInfo> {
    Arc::new(TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128))
}

/// The code of the reply to a line; everybody may log in, as alice.
async fn code(layer: &ConnectionLimitLayer, facts: &SessionFacts, line: &str) -> u16 {
    let stack = layer.layer(service_fn(|request: Request| async move {
        let reply = Reply::new(250, "2.0.0 ok");
        let logs_in = matches!(request.command, Command::Auth(_));
        Ok::<_, BoxError>(if logs_in {
            reply.and_authenticate(Identity::new("alice", "PLAIN"))
        } else {
            reply
        })
    }));
    stack.oneshot(request(line, facts.session())).await.unwrap().code().get()
}

#[tokio::test]
async fn connections_count_until_they_end() {
    let layer = ConnectionLimitLayer::new()
        .limit(By::Address, 2)
        .limit(By::NETWORK, 3)
        .exempt_networks(["203.0.113.0/24".parse().unwrap()]);
    let one = from("192.0.2.1");
    assert_eq!(code(&layer, &one, "").await, 250);
    // One connection counts once, whatever it says.
    for line in ["EHLO x.example", "MAIL FROM:<>", "EHLO x.example"] {
        assert_eq!(code(&layer, &one, line).await, 250);
    }
    let second = from("192.0.2.1");
    assert_eq!(code(&layer, &second, "").await, 250);
    assert_eq!(code(&layer, &from("192.0.2.1"), "").await, 421);
    let other = from("192.0.2.2");
    assert_eq!(code(&layer, &other, "").await, 250);
    assert_eq!(code(&layer, &from("192.0.2.3"), "").await, 421, "the network has three");
    assert_eq!(code(&layer, &from("198.51.100.1"), "").await, 250);
    for _ in 0..5 {
        assert_eq!(code(&layer, &from("203.0.113.1"), "").await, 250);
    }
    drop((one, second, other));
    assert!(layer.is_empty());
}

#[tokio::test]
async fn a_connection_counts_without_a_gap_across_starttls() {
    let map = AccessMap::from_text("ClientConn:198.51.100.1 1\n").unwrap();
    let layer = ConnectionLimitLayer::new().limit(By::Address, 2).access_map(map);
    for (client, others) in [("192.0.2.1", 1), ("198.51.100.1", 0)] {
        let mut one = from(client);
        assert_eq!(code(&layer, &one, "").await, 250);
        one.set_tls(tls());
        // It has yet to say EHLO, and may never do so.
        let more: Vec<_> = (0..others).map(|_| from(client)).collect();
        for other in &more {
            assert_eq!(code(&layer, other, "").await, 250);
        }
        assert_eq!(code(&layer, &from(client), "").await, 421);
        assert_eq!(code(&layer, &one, "EHLO x.example").await, 250, "it counts once");
        drop((one, more));
    }
    assert!(layer.is_empty());
}

#[tokio::test]
async fn who_is_not_logged_in_any_more_has_no_place_of_the_account() {
    let layer = ConnectionLimitLayer::new().limit(By::Account, 1);
    let (mut one, other) = (from("192.0.2.1"), from("198.51.100.1"));
    assert_eq!(code(&layer, &one, "AUTH PLAIN").await, 250);
    assert_eq!(code(&layer, &other, "AUTH PLAIN").await, 421);
    one.set_tls(tls());
    assert_eq!(code(&layer, &other, "AUTH PLAIN").await, 250);
}

#[tokio::test]
async fn an_account_has_so_many_connections_from_wherever() {
    let layer = ConnectionLimitLayer::new().limit(By::Account, 1);
    let one = from("192.0.2.1");
    assert_eq!(code(&layer, &one, "AUTH PLAIN").await, 250);
    let other = from("198.51.100.1");
    assert_eq!(code(&layer, &other, "AUTH PLAIN").await, 421);
    drop(one);
    assert_eq!(code(&layer, &other, "AUTH PLAIN").await, 250);
}

#[tokio::test]
async fn sendmails_map_says_how_many_a_client_may_have() {
    let map = AccessMap::from_text("ClientConn:192.0.2.1 1\nClientConn:192.0.2 0\n").unwrap();
    let layer = ConnectionLimitLayer::new().access_map(map);
    let one = from("192.0.2.1");
    assert_eq!(code(&layer, &one, "").await, 250);
    assert_eq!(code(&layer, &from("192.0.2.1"), "").await, 421);
    let others = [from("192.0.2.2"), from("192.0.2.2"), from("198.51.100.1"), from("198.51.100.1")];
    for other in &others {
        assert_eq!(code(&layer, other, "").await, 250);
    }
}
