use std::sync::Arc;

use smtp_core::testing::{facts, request};
use smtp_core::{
    BoxError, Capability, Command, Reply, Request, SessionFacts, SyntaxError, SyntaxErrorKind, TlsInfo,
    Transport, Upgraded,
};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

use super::*;

async fn upgrade(transport: Transport) -> Result<Upgraded, BoxError> {
    Ok(Upgraded { transport, tls: Arc::new(TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128)) })
}

fn protected() -> SessionFacts {
    let mut facts = facts();
    facts.set_tls(Arc::new(TlsInfo::new("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128)));
    facts
}

/// What the layer makes of a request to a stack that answers everything with this code.
async fn answer(required: bool, code: u16, request: Request) -> Reply {
    let layer = StartTlsLayer::new(upgrade);
    let layer = if required { layer.required() } else { layer };
    let inner = service_fn(move |_: Request| async move { Ok::<_, BoxError>(Reply::new(code, "passed")) });
    layer.layer(inner).oneshot(request).await.unwrap()
}

fn offers_start_tls(reply: &Reply) -> bool {
    reply.effects().is_some_and(|effects| effects.capabilities.get("STARTTLS").is_some())
}

#[tokio::test]
async fn it_is_offered_until_the_session_is_protected() {
    for (line, facts, code, offered) in [
        ("EHLO c.example", facts(), 250, true),
        ("LHLO c.example", facts(), 250, true),
        ("HELO c.example", facts(), 250, false),
        ("EHLO c.example", facts(), 550, false),
        ("EHLO c.example", protected(), 250, false),
        ("LHLO c.example", protected(), 250, false),
    ] {
        let reply = answer(false, code, request(line, facts.session())).await;
        assert_eq!(reply.text(), "passed");
        assert_eq!(offers_start_tls(&reply), offered, "{line} {code}");
    }
}

#[tokio::test]
async fn where_tls_is_required_auth_is_offered_within_it_alone() {
    let inner = service_fn(|_: Request| async {
        let mut reply = Reply::new(250, "hello");
        reply.capabilities_mut().insert(Capability::new("AUTH").argument("SCRAM-SHA-256"));
        reply.capabilities_mut().insert(Capability::new("8BITMIME"));
        Ok::<_, BoxError>(reply)
    });
    let (open, required) = (StartTlsLayer::new(upgrade), StartTlsLayer::new(upgrade).required());
    for (layer, facts, expected) in [
        (&open, facts(), &["STARTTLS", "AUTH", "8BITMIME"][..]),
        (&required, facts(), &["STARTTLS", "8BITMIME"]),
        (&required, protected(), &["AUTH", "8BITMIME"]),
    ] {
        let ehlo = request("EHLO c.example", facts.session());
        let mut reply = layer.layer(inner).oneshot(ehlo).await.unwrap();
        let offered = reply.take_effects().capabilities;
        let offered: Vec<&str> = offered.iter().map(Capability::keyword).collect();
        assert_eq!(offered, expected);
    }
}

#[tokio::test]
async fn the_command_is_answered_with_the_upgrade() {
    let mut reply = answer(false, 500, request("STARTTLS", facts().session())).await;
    assert_eq!(reply.to_string(), "220 2.0.0 ready to start TLS");
    let upgrade = reply.take_effects().upgrade.unwrap();
    let (near, _far) = tokio::io::duplex(1);
    let upgraded = upgrade.upgrade(Transport::new(near)).await.unwrap();
    assert_eq!(upgraded.tls.version, "TLSv1.3");

    let reply = answer(false, 500, request("STARTTLS", protected().session())).await;
    assert_eq!(reply.to_string(), "503 5.5.1 TLS is in use already");
    assert!(reply.effects().is_none());
}

#[tokio::test]
async fn what_is_served_before_tls_where_it_is_required() {
    for (line, served) in [
        ("", true),
        ("HELO c.example", true),
        ("EHLO c.example", true),
        ("LHLO c.example", true),
        ("NOOP", true),
        ("RSET", true),
        ("HELP", true),
        ("QUIT", true),
        ("AUTH PLAIN", false),
        ("MAIL FROM:<>", false),
        ("RCPT TO:<joe@example.org>", false),
        ("DATA", false),
        ("VRFY joe", false),
        ("EXPN list", false),
        ("XYZZY", false),
    ] {
        let reply = answer(true, 250, request(line, facts().session())).await;
        let expected = if served { "250 passed" } else { "530 5.7.0 must issue a STARTTLS command first" };
        assert_eq!(reply.to_string(), expected, "{line}");
        let reply = answer(true, 250, request(line, protected().session())).await;
        assert_eq!(reply.text(), "passed", "{line}");
        let reply = answer(false, 250, request(line, facts().session())).await;
        assert_eq!(reply.text(), "passed", "{line}");
    }
    assert_eq!(answer(true, 250, request("STARTTLS", facts().session())).await.code(), 220);
    let invalid = Command::Invalid(SyntaxError::new(SyntaxErrorKind::Command, "not a command"));
    let reply = answer(true, 500, Request::new(invalid, facts().session().clone())).await;
    assert_eq!(reply.to_string(), "500 passed");
}
