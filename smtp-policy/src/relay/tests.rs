use std::net::SocketAddr;

use proptest::prelude::*;
use smtp_core::testing::{domain, facts, recipient, request};
use smtp_core::{
    BoxError, Command, ConnectionInfo, Identity, Peer, Reply, Request, Route, Session, SessionFacts,
};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

use super::*;

const LOCAL: &str = "192.0.2.25:25";

fn layer() -> RelayLayer {
    RelayLayer::new()
        .local_domains(["example.org", ".sub.example.org"].map(|text| text.parse().unwrap()))
        .relay_domains(["backup.example".parse().unwrap()])
        .local_address_literal()
}

fn from(peer: &str) -> SessionFacts {
    let address = |text: &str| text.parse::<SocketAddr>().unwrap();
    let info = ConnectionInfo::new(Peer::Ip(address(peer)), domain("server.example"));
    SessionFacts::new(info.local(address(LOCAL)))
}

fn authenticated() -> SessionFacts {
    let mut facts = from("192.0.2.1:9");
    facts.set_identity(Identity::new("alice", "SCRAM-SHA-256"));
    facts
}

/// The route with which the stack below saw the recipient, or the refusal.
async fn routed(layer: &RelayLayer, request: Request) -> Result<Route, Reply> {
    let inner = service_fn(|request: Request| async move {
        let Command::Rcpt(recipient) = request.command else { panic!("RCPT went in") };
        let route = recipient.route.expect("a recipient without a route was let through");
        Ok::<_, BoxError>(Reply::new(250, if route == Route::Local { "local" } else { "relay" }))
    });
    let reply = layer.layer(inner).oneshot(request).await.unwrap();
    match reply.text() {
        "local" => Ok(Route::Local),
        "relay" => Ok(Route::Relay),
        _ => Err(reply),
    }
}

async fn route_of(layer: &RelayLayer, path: &str, session: &Session) -> Result<Route, Reply> {
    routed(layer, request(&format!("RCPT TO:<{path}>"), session)).await
}

#[tokio::test]
async fn what_strangers_may_send_to() {
    let facts = from("192.0.2.1:9");
    for (path, route) in [
        ("joe@example.org", Route::Local),
        ("joe@EXAMPLE.org", Route::Local),
        ("joe+tag=x@example.org", Route::Local),
        (r#""joe doe"@example.org"#, Route::Local),
        ("joe@a.b.Sub.example.org", Route::Local),
        ("joe@[192.0.2.25]", Route::Local),
        ("joe@[IPv6:::ffff:192.0.2.25]", Route::Local),
        ("postmaster", Route::Local),
        ("PostMaster", Route::Local),
        ("postmaster@example.org", Route::Local),
        ("joe@backup.example", Route::Relay),
        // A source route says nothing: the mailbox at its end counts.
        ("@example.net:joe@example.org", Route::Local),
    ] {
        assert_eq!(route_of(&layer(), path, facts.session()).await, Ok(route), "{path}");
    }
}

#[tokio::test]
async fn the_classic_ways_to_abuse_a_relay_are_closed() {
    for path in [
        "victim@example.net",
        "postmaster@example.net",
        "victim@server.example",
        "victim@mx.example.org",
        "victim@sub.example.org",
        "victim@badexample.org",
        "victim@example.org.example.net",
        "victim@localhost",
        "victim@[127.0.0.1]",
        "victim@[192.0.2.1]",
        "victim@[198.51.100.7]",
        "victim@192.0.2.25",
        "victim@[IPv6:2001:db8::1]",
        "victim@[x-tag:example.org]",
        "victim%example.net@example.org",
        "victim%example.net@[192.0.2.25]",
        "victim%example.net@backup.example",
        "victim%example.net%example.org@example.org",
        "example.net!victim@example.org",
        "example.org!example.net!victim@example.org",
        "example.net!victim%example.org@example.org",
        r#""victim@example.net"@example.org"#,
        r#""victim\@example.net"@example.org"#,
        r#""victim%example.net"@example.org"#,
        r#""victim\%example.net"@example.org"#,
        r#""example.net!victim"@example.org"#,
        r#""victim%example.net@example.org"@example.org"#,
        r#""@example.net:victim"@example.org"#,
        r#""<victim@example.net>"@example.org"#,
        r#""victim@[198.51.100.7]"@example.org"#,
        r#""smtp:victim"@example.org"#,
        "@example.org:victim@example.net",
        "@example.org,@example.org:victim%example.com@example.org",
        "postmaster%example.net@example.org",
    ] {
        // Loopback and the server's own address are as foreign as any other.
        for peer in ["192.0.2.1:9", "127.0.0.1:9", "[::1]:9", "[::ffff:127.0.0.1]:9", LOCAL] {
            let reply = route_of(&layer(), path, from(peer).session()).await.expect_err(path);
            assert_eq!((reply.code().get(), reply.status().unwrap().to_string()), (550, "5.7.1".into()));
            assert!(reply.text().starts_with("relaying denied for "), "{reply}");
        }
    }
}

#[tokio::test]
async fn trusted_clients_may_send_anywhere() {
    let trusting = layer().trusted_networks(["198.51.100.0/24".parse().unwrap()]);
    for facts in [authenticated(), from("198.51.100.9:9"), from("[::ffff:198.51.100.9]:9")] {
        for (path, route) in [
            ("joe@example.net", Route::Relay),
            ("joe@[198.51.100.7]", Route::Relay),
            ("joe%example.net@gateway.example", Route::Relay),
            ("joe@example.org", Route::Local),
            ("joe%example.net@example.org", Route::Local),
        ] {
            assert_eq!(route_of(&trusting, path, facts.session()).await, Ok(route), "{path}");
        }
    }
    assert!(route_of(&trusting, "joe@example.net", from("198.51.101.1:9").session()).await.is_err());
}

#[tokio::test]
async fn the_mechanism_may_decide() {
    let external = layer().trusted_mechanisms(["EXTERNAL"]);
    let reply = route_of(&external, "joe@example.net", authenticated().session()).await.unwrap_err();
    assert_eq!(reply.to_string(), "550 5.7.1 relaying denied for example.net");

    let mut anonymous = from("192.0.2.1:9");
    anonymous.set_identity(Identity::new("guest", "ANONYMOUS"));
    assert!(route_of(&layer(), "joe@example.net", anonymous.session()).await.is_err());
    let open = layer().trusted_mechanisms(["ANONYMOUS"]);
    assert_eq!(route_of(&open, "joe@example.net", anonymous.session()).await, Ok(Route::Relay));
}

#[tokio::test]
async fn who_is_trusted_by_a_name_loses_no_mail_while_the_dns_is_away() {
    use crate::client_name::{ClientName, ReverseName};
    let named = layer().trusted_hosts([".office.example".parse().unwrap()]);
    let by_map = layer().access_map(crate::AccessMap::from_text("Connect:office.example RELAY\n").unwrap());
    let later = "450 4.7.1 relaying denied for example.net for now, your name cannot be looked up";
    let never = "550 5.7.1 relaying denied for example.net";
    for (layer, name, expected) in [
        (&named, ReverseName::Unknown, later),
        (&by_map, ReverseName::Unknown, later),
        (&layer(), ReverseName::Unknown, never),
        (&named, ReverseName::Missing, never),
        (&named, ReverseName::Unconfirmed, never),
        (&by_map, ReverseName::Confirmed(domain("office.example.net")), never),
    ] {
        let facts = from("192.0.2.1:9");
        facts.session().connection().insert(name);
        let reply = route_of(layer, "joe@example.net", facts.session()).await.unwrap_err();
        assert_eq!(reply.to_string(), expected);
        assert_eq!(route_of(layer, "joe@example.org", facts.session()).await, Ok(Route::Local));
    }
    let facts = from("192.0.2.1:9");
    facts.session().connection().insert(ClientName(domain("desk.office.example")));
    for layer in [named, by_map] {
        assert_eq!(route_of(&layer, "joe@example.net", facts.session()).await, Ok(Route::Relay));
    }
}

#[tokio::test]
async fn a_literal_is_local_only_if_asked_for() {
    let layer = RelayLayer::new().local_domains(["example.org".parse().unwrap()]);
    assert!(route_of(&layer, "joe@[192.0.2.25]", from("192.0.2.1:9").session()).await.is_err());
    // Over a Unix socket there is no address that could be meant.
    let local = SessionFacts::new(ConnectionInfo::default());
    let layer = layer.local_address_literal();
    assert!(route_of(&layer, "joe@[x-tag:x]", local.session()).await.is_err());
}

#[tokio::test]
async fn a_route_given_outside_stands() {
    let facts = facts();
    for route in [Route::Local, Route::Relay] {
        for address in ["joe@example.net", "joe%example.net@example.org"] {
            let command = Command::Rcpt(recipient(address).routed(route));
            let request = Request::new(command, facts.session().clone());
            assert_eq!(routed(&layer(), request).await, Ok(route));
        }
    }
}

#[tokio::test]
async fn other_commands_pass() {
    let inner = service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "passed")) });
    for line in ["", "EHLO x", "MAIL FROM:<joe@example.net>", "DATA", "VRFY joe", "QUIT"] {
        let stack = layer().layer(inner);
        let reply = stack.oneshot(request(line, facts().session())).await.unwrap();
        assert_eq!(reply.text(), "passed", "{line}");
    }
}

proptest! {
    #[test]
    fn no_stranger_gets_a_route_to_a_foreign_domain(
        local_part in r#"[a-z%!=+/]{1,20}|"([ -!#-\[\]-~]|\\[ -~]){0,20}""#,
        host in r"[a-zA-Z0-9]{1,8}(\.[a-zA-Z0-9]{1,8}){0,3}|([a-z]{1,8}\.)?example\.org\.[a-z]{2,6}|\[[1-9]{1,2}\.0\.2\.25\]",
        peer in any::<std::net::IpAddr>(),
    ) {
        let ours = ["example.org", "backup.example"].iter().any(|name| host.eq_ignore_ascii_case(name))
            || host.to_ascii_lowercase().ends_with(".sub.example.org")
            || host == "[192.0.2.25]";
        prop_assume!(!ours);
        let facts = from(&SocketAddr::new(peer, 9).to_string());
        let line = format!("RCPT TO:<{local_part}@{host}>");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let reply = runtime.block_on(routed(&layer(), request(&line, facts.session()))).unwrap_err();
        prop_assert_eq!(reply.code().get(), 550);
        prop_assert!(reply.text().contains(&host));
    }

    #[test]
    fn no_stranger_gets_an_address_within_an_address_through(
        before in r"[a-z=+/ ]{0,8}",
        mark in "[%!@:]",
        after in r"[a-z=+/.]{0,8}",
    ) {
        let line = format!(r#"RCPT TO:<"{before}{mark}{after}"@example.org>"#);
        let facts = from("192.0.2.1:9");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let outcome = runtime.block_on(routed(&layer(), request(&line, facts.session())));
        prop_assert!(outcome.is_err());
    }
}
