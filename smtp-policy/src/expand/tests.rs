use smtp_core::testing::{facts, request};
use smtp_core::{BoxError, ConnectionInfo, Identity, Query, Reply, Request, Session, SessionFacts};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

use super::*;

fn directory() -> StaticDirectory {
    let user = |address: &str, name: &str| Entry::new(address.parse().unwrap()).named(name);
    let list = |directory: StaticDirectory, name: &str, members: &[&str]| {
        directory.list(name.parse().unwrap(), members.iter().map(|member| member.parse().unwrap()))
    };
    let users = StaticDirectory::new()
        .user(user("joe@example.org", "Joe Smith"))
        .user(user("ann@example.org", "Ann\nSmith"))
        .user(user("sam@example.net", ""));
    let staff =
        list(users, "staff@example.org", &["joe@example.org", "board@example.org", "joe@example.org"]);
    let board = list(staff, "board@example.org", &["Ann@EXAMPLE.org", "staff@example.org", "x@example.com"]);
    list(board, "nobody@example.org", &[])
}

async fn ask(layer: &ExpandLayer<impl Directory>, line: &str, session: &Session) -> String {
    let inner = service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "passed")) });
    let reply = layer.layer(inner).oneshot(request(line, session)).await.unwrap();
    let status = reply.status().map(|status| format!(" {status}")).unwrap_or_default();
    format!("{}{status}|{}", reply.code(), reply.lines().collect::<Vec<_>>().join("|"))
}

fn alice() -> SessionFacts {
    let mut facts = facts();
    facts.set_identity(Identity::new("alice", "SCRAM-SHA-256"));
    facts
}

#[tokio::test]
async fn what_those_who_may_ask_are_told() {
    let layer = ExpandLayer::new(directory());
    for (line, expected) in [
        ("VRFY joe", "250 2.1.5|Joe Smith <joe@example.org>"),
        ("VRFY <joe>", "250 2.1.5|Joe Smith <joe@example.org>"),
        ("VRFY JOE", "250 2.1.5|Joe Smith <joe@example.org>"),
        ("VRFY <joe@Example.org>", "250 2.1.5|Joe Smith <joe@example.org>"),
        ("VRFY ann smith", "250 2.1.5|Ann Smith <ann@example.org>"),
        ("VRFY smith", "553 5.1.4|user ambiguous|Joe Smith <joe@example.org>|Ann Smith <ann@example.org>"),
        ("VRFY sam@example.net", "250 2.1.5|<sam@example.net>"),
        ("VRFY staff", "250 2.1.5|<staff@example.org>"),
        ("VRFY jim", "550 5.1.1|user unknown"),
        ("VRFY jim@example.org", "550 5.1.1|user unknown"),
        ("VRFY jim@example.com", "252 2.0.0|cannot VRFY user, but will accept message and attempt delivery"),
        ("EXPN staff", "250 2.1.5|Joe Smith <joe@example.org>|Ann Smith <ann@example.org>|<x@example.com>"),
        (
            "EXPN Board@example.org",
            "250 2.1.5|Ann Smith <ann@example.org>|Joe Smith <joe@example.org>|<x@example.com>",
        ),
        ("EXPN joe", "250 2.1.5|Joe Smith <joe@example.org>"),
        ("EXPN nobody", "250 2.1.5|the list is empty"),
        ("EXPN smith", "553 5.1.4|list ambiguous"),
        ("EXPN jim", "550 5.1.1|list unknown"),
        ("NOOP", "250|passed"),
    ] {
        assert_eq!(ask(&layer, line, alice().session()).await, expected, "{line}");
    }
}

#[tokio::test]
async fn others_are_told_nothing() {
    let layer = ExpandLayer::new(directory());
    let session = facts();
    for line in ["VRFY joe", "VRFY jim", "EXPN staff", "EXPN jim"] {
        let expected = format!("550 5.7.1|client.example [192.0.2.1]: {} not allowed", &line[..4]);
        assert_eq!(ask(&layer, line, session.session()).await, expected);
    }
    let local = SessionFacts::new(ConnectionInfo::default());
    assert_eq!(ask(&layer, "VRFY joe", local.session()).await, "550 5.7.1|local: VRFY not allowed");
    let strict = layer.clone().trusted_mechanisms(["EXTERNAL"]);
    assert!(ask(&strict, "VRFY joe", alice().session()).await.starts_with("550 5.7.1|"));
    let near = layer.trusted_networks(["192.0.2.0/24".parse().unwrap()]);
    assert!(ask(&near, "VRFY joe", session.session()).await.starts_with("250 "));
}

#[tokio::test]
async fn clients_of_trusted_domains_may_ask() {
    use crate::client_name::ClientName;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("trusted-domains");
    std::fs::write(&path, "office.example\n.office.example\n").unwrap();
    let domains = crate::TrustedDomains::open(&path).unwrap();
    let layer = ExpandLayer::new(directory()).trusted_domains(domains);
    for (name, trusted) in
        [("desk.office.example", true), ("Office.example", true), ("office.example.net", false)]
    {
        let session = facts();
        session.session().connection().insert(ClientName(name.parse().unwrap()));
        let answer = ask(&layer, "VRFY joe", session.session()).await;
        let expected = if trusted {
            "250 2.1.5|Joe Smith <joe@example.org>".to_owned()
        } else {
            format!("550 5.7.1|{name} [192.0.2.1]: VRFY not allowed")
        };
        assert_eq!(answer, expected);
    }
    // What the client calls itself is no name.
    let mut session = facts();
    let hello = smtp_core::Hello::extended(smtp_core::testing::domain("desk.office.example"));
    session.set_hello(hello, smtp_core::Capabilities::new());
    assert!(ask(&layer, "VRFY joe", session.session()).await.starts_with("550 5.7.1|"));
}

#[tokio::test]
async fn expn_is_offered_to_those_who_may_use_it() {
    for (facts, code, offered) in [(facts(), 250, false), (alice(), 250, true), (alice(), 550, false)] {
        for (line, extended) in
            [("EHLO c.example", true), ("LHLO c.example", true), ("HELO c.example", false)]
        {
            let inner = service_fn(move |_: Request| async move { Ok::<_, BoxError>(Reply::new(code, "x")) });
            let stack = ExpandLayer::new(directory()).layer(inner);
            let reply = stack.oneshot(request(line, facts.session())).await.unwrap();
            let found = reply.effects().is_some_and(|effects| effects.capabilities.get("EXPN").is_some());
            assert_eq!(found, offered && extended, "{line} {code}");
        }
    }
}

struct Broken;

impl Directory for Broken {
    async fn verify(&self, _: &Query, _: &Session) -> Result<Verification, BoxError> {
        Err("ldap://secret.internal: no route to host".into())
    }

    async fn expand(&self, _: &Query, _: &Session) -> Result<Option<Vec<Entry>>, BoxError> {
        Err(Reply::new(550, "5.7.1 that list is private").into())
    }
}

#[tokio::test]
async fn a_failed_lookup_does_not_tell_why() {
    let layer = ExpandLayer::new(std::sync::Arc::new(Broken));
    let session = alice();
    let expected = "451 4.3.0|directory not available, try again later";
    assert_eq!(ask(&layer, "VRFY joe", session.session()).await, expected);
    assert_eq!(ask(&layer, "EXPN list", session.session()).await, "550 5.7.1|that list is private");
}

#[tokio::test]
async fn a_session_has_a_budget_of_lookups() {
    let layer = ExpandLayer::new(directory()).lookups(2);
    let session = alice();
    for expected in ["250 2.1.5|Joe Smith <joe@example.org>"; 2] {
        assert_eq!(ask(&layer, "VRFY joe", session.session()).await, expected);
    }
    for _ in 0..2 {
        assert!(ask(&layer, "VRFY joe", session.session()).await.starts_with("252 2.0.0|"));
        let expected = "450 4.7.1|too many lookups in this session";
        assert_eq!(ask(&layer, "EXPN staff", session.session()).await, expected);
    }
    assert!(ask(&layer, "VRFY joe", alice().session()).await.starts_with("250 "));
}

#[tokio::test]
async fn strangers_may_be_told_nothing() {
    let layer = ExpandLayer::new(std::sync::Arc::new(Broken)).say_nothing_to_others();
    // Whoever is asked for, and without asking.
    for who in ["joe", "nobody"] {
        assert!(ask(&layer, &format!("VRFY {who}"), facts().session()).await.starts_with("252 2.0.0|"));
    }
    assert!(ask(&layer, "EXPN staff", facts().session()).await.starts_with("550 5.7.1|"));
}
