use std::net::IpAddr;

use smtp_core::testing::{domain, request, sender};
use smtp_core::{
    BoxError, Capabilities, ConnectionInfo, Domain, Hello, Host, Identity, Peer, Reply, Request, SessionFacts,
};
use tower::{Layer, ServiceExt, service_fn};

use super::*;
use crate::client_name::{NameLookup, ReverseName};

/// A client at 192.0.2.1, of a server at 192.0.2.25, that says this in EHLO.
fn facts(hello: &str) -> SessionFacts {
    let peer = Peer::Ip(([192, 0, 2, 1], 40000).into());
    let info = ConnectionInfo::new(peer, domain("server.example")).local(([192, 0, 2, 25], 25).into());
    let mut facts = SessionFacts::new(info);
    facts.set_hello(Hello::extended(hello.parse::<Host>().unwrap()), Capabilities::new());
    facts
}

/// The reply to RCPT, and what was noted.
async fn outcome(layer: &HelloChecksLayer, mut facts: SessionFacts, recipient: &str) -> (String, Suspicions) {
    let inner = service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "2.0.0 ok")) });
    let stack = layer.layer(inner);
    let mail = request("MAIL FROM:<a@example.net>", facts.session());
    assert_eq!(stack.clone().oneshot(mail).await.unwrap().code(), 250);
    facts.start_transaction(sender("a@example.net"));
    let reply = stack.oneshot(request(&format!("RCPT TO:{recipient}"), facts.session())).await.unwrap();
    (reply.to_string(), facts.session().transaction().get().unwrap_or_default())
}

async fn reply(layer: &HelloChecksLayer, facts: SessionFacts) -> String {
    outcome(layer, facts, "<joe@example.org>").await.0
}

const OK: &str = "250 2.0.0 ok";

#[tokio::test]
async fn nobody_is_this_server_or_another_address() {
    let layer = HelloChecksLayer::new().our_names([domain("example.org").into()]);
    for (hello, expected) in [
        ("mx.example.net", OK),
        ("laptop", OK),
        ("[192.0.2.1]", OK),
        ("[IPv6:::ffff:192.0.2.1]", OK),
        ("Server.Example", "550 5.7.1 you are not Server.Example; that is this server"),
        ("example.org", "550 5.7.1 you are not example.org; that is this server"),
        ("[192.0.2.25]", "550 5.7.1 you are not [192.0.2.25]; that is this server"),
        ("[192.0.2.2]", "550 5.7.1 you are not [192.0.2.2]; your address is 192.0.2.1"),
        ("192.0.2.2", "550 5.7.1 you are not 192.0.2.2; your address is 192.0.2.1"),
        ("[IPv6:2001:db8::1]", "550 5.7.1 you are not [IPv6:2001:db8::1]; your address is 192.0.2.1"),
    ] {
        assert_eq!(reply(&layer, facts(hello)).await, expected);
    }
    let local = SessionFacts::new(ConnectionInfo::new(Peer::Local, domain("server.example")));
    let mut here = local;
    here.set_hello(Hello::extended(domain("server.example")), Capabilities::new());
    assert_eq!(reply(&layer, here).await, OK);
}

#[tokio::test]
async fn users_and_trusted_networks_are_not_looked_at_and_the_postmaster_is_reached() {
    let layer = HelloChecksLayer::new();
    let mut user = facts("server.example");
    user.set_identity(Identity::new("alice", "PLAIN"));
    assert_eq!(reply(&layer, user).await, OK);
    let trusted = layer.clone().exempt_networks(["192.0.2.0/24".parse().unwrap()]);
    assert_eq!(reply(&trusted, facts("server.example")).await, OK);
    let (reply, noted) = outcome(&layer, facts("server.example"), "<postmaster@example.org>").await;
    assert_eq!((reply.as_str(), noted.0), (OK, vec![Suspicion::HelloIsOurs]));
}

#[tokio::test]
async fn what_the_dns_says_of_the_address_counts_if_it_is_known() {
    let layer = HelloChecksLayer::new()
        .on(Suspicion::NameMissing, Measure::Refuse)
        .on(Suspicion::NameUnconfirmed, Measure::Note);
    for (name, expected, noted) in [
        (None, OK, vec![]),
        (Some(ReverseName::Unknown), OK, vec![]),
        (Some(ReverseName::Confirmed(domain("mx.example.net"))), OK, vec![]),
        (Some(ReverseName::Unconfirmed), OK, vec![Suspicion::NameUnconfirmed]),
        (
            Some(ReverseName::Missing),
            "550 5.7.1 your address 192.0.2.1 has no name in the DNS",
            vec![Suspicion::NameMissing],
        ),
    ] {
        let facts = facts("mx.example.net");
        if let Some(name) = name {
            facts.session().connection().insert(name);
        }
        let (reply, found) = outcome(&layer, facts, "<joe@example.org>").await;
        assert_eq!((reply.as_str(), found.0), (expected, noted));
    }
}

/// Only mx.example.net exists; of names in .test nobody can tell.
struct Table;

impl NameLookup for Table {
    async fn names(&self, _: IpAddr) -> Result<Vec<Domain>, BoxError> {
        Ok(Vec::new())
    }

    async fn addresses(&self, name: &Domain) -> Result<Vec<IpAddr>, BoxError> {
        match name.as_str() {
            "mx.example.net" => Ok(vec!["198.51.100.1".parse()?]),
            name if name.ends_with(".test") => Err("SERVFAIL".into()),
            name if name.ends_with(".slow") => std::future::pending().await,
            _ => Ok(Vec::new()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn names_may_have_to_be_whole_and_to_exist() {
    let layer = HelloChecksLayer::new()
        .on(Suspicion::HelloUnqualified, Measure::Refuse)
        .on(Suspicion::HelloUnresolvable, Measure::Refuse)
        .on(Suspicion::HelloMalformed, Measure::Refuse)
        .on(Suspicion::HelloIsOurs, Measure::Ignore)
        .resolve_with(Table);
    for (hello, expected) in [
        ("mx.example.net", OK),
        ("mx.example.test", OK),
        ("mx.example.slow", OK),
        ("laptop", "550 5.7.1 laptop, as you call yourself, is no full domain name"),
        ("no.example.net", "550 5.7.1 no.example.net, as you call yourself, does not exist"),
        ("server.example", "550 5.7.1 server.example, as you call yourself, does not exist"),
    ] {
        assert_eq!(reply(&layer, facts(hello)).await, expected);
    }
    let mut odd = facts("mx.example.net");
    let mut hello = Hello::extended(domain("mx.example.net"));
    hello.host = None;
    odd.set_hello(hello, Capabilities::new());
    let expected = "550 5.7.1 mx.example.net, as you call yourself, is no domain and no address";
    assert_eq!(reply(&layer, odd).await, expected);
}
