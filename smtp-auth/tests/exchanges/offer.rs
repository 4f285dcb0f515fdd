//! What EHLO offers, and what MAIL takes.

use std::convert::Infallible;
use std::sync::Arc;

use smtp_auth::{AuthLayer, CredentialStore, Mechanism, ScramHash, Verdict, verify_fn};
use smtp_core::testing::{facts, request};
use smtp_core::{ChannelBinding, Identity, Reply, Request, SessionFacts, TlsInfo, Verify};
use tower::{Layer, ServiceExt, service_fn};

use crate::client::{exchange, protected, script};

/// Has everything that a mechanism may need.
struct All;

impl CredentialStore for All {
    fn takes_tokens(&self) -> bool {
        true
    }

    fn maps_certificates(&self) -> bool {
        true
    }

    fn has_scram_keys(&self, hash: ScramHash) -> bool {
        hash != ScramHash::Sha512
    }

    fn has_shared_secrets(&self) -> bool {
        true
    }
}

async fn call<C: CredentialStore>(layer: &AuthLayer<C>, facts: &SessionFacts, line: &str) -> Reply {
    let inner = service_fn(|request: Request| async move {
        let code = if request.command.verb() == "HELO" { 550 } else { 250 };
        Ok::<_, Infallible>(Reply::new(code, "from within"))
    });
    layer.layer(inner).oneshot(request(line, facts.session())).await.unwrap()
}

async fn offered<C: CredentialStore>(layer: &AuthLayer<C>, facts: &SessionFacts) -> Option<String> {
    let mut reply = call(layer, facts, "EHLO client.example").await;
    reply.capabilities_mut().get("AUTH").map(ToString::to_string)
}

/// The facts of a session within TLS that has a channel binding and a verified client certificate.
fn certified() -> SessionFacts {
    let mut tls = TlsInfo::new("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256);
    tls.channel_bindings.push(ChannelBinding { name: "tls-exporter", data: vec![7; 32].into() });
    tls.verify = Verify::Ok;
    let mut facts = facts();
    facts.set_tls(Arc::new(tls));
    facts
}

#[tokio::test]
async fn what_shows_a_secret_is_offered_within_tls_only() {
    let layer = AuthLayer::new(All);
    let scram = "AUTH SCRAM-SHA-256 SCRAM-SHA-1";
    let plaintext = "OAUTHBEARER XOAUTH2 PLAIN LOGIN";
    assert_eq!(offered(&layer, &facts()).await.as_deref(), Some(scram));
    let all = format!("{scram} {plaintext}");
    assert_eq!(offered(&layer, &protected()).await, Some(all.clone()));
    let loud = layer.allow_plaintext_without_tls();
    assert_eq!(offered(&loud, &facts()).await, Some(all));
}

#[tokio::test]
async fn what_needs_more_of_tls_is_offered_where_it_is_there() {
    let expected = "AUTH EXTERNAL SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 \
        OAUTHBEARER XOAUTH2 PLAIN LOGIN";
    assert_eq!(offered(&AuthLayer::new(All), &certified()).await.as_deref(), Some(expected));
}

#[tokio::test]
async fn a_rule_may_look_at_the_session() {
    let layer = AuthLayer::new(All).offer_if(|mechanism, session| {
        let has_certificate = session.tls().is_some_and(|tls| tls.verify == Verify::Ok);
        (mechanism == Mechanism::EXTERNAL) == has_certificate
    });
    assert_eq!(offered(&layer, &certified()).await.as_deref(), Some("AUTH EXTERNAL"));
    let (_, reply) = exchange(&layer, &certified(), "PLAIN", Some(b"\0a\0b"), script([])).await;
    assert_eq!(reply.to_string(), "534 5.7.9 authentication mechanism is too weak");
}

#[tokio::test]
async fn mechanisms_stand_in_their_order_and_once() {
    let order = [Mechanism::LOGIN, Mechanism::SCRAM_SHA_256, Mechanism::CRAM_MD5, Mechanism::LOGIN];
    let layer = AuthLayer::new(All).mechanisms(order);
    assert_eq!(offered(&layer, &protected()).await.as_deref(), Some("AUTH LOGIN SCRAM-SHA-256 CRAM-MD5"));
}

#[tokio::test]
async fn weak_mechanisms_are_off_until_named() {
    let layer = AuthLayer::new(All);
    for mechanism in [Mechanism::CRAM_MD5, Mechanism::DIGEST_MD5, Mechanism::ANONYMOUS] {
        let (_, reply) = exchange(&layer, &protected(), mechanism.name(), None, script([])).await;
        assert_eq!(reply.to_string(), "534 5.7.9 authentication mechanism is too weak");
        let named = layer.clone().mechanisms([mechanism]);
        assert_eq!(offered(&named, &facts()).await, Some(format!("AUTH {mechanism}")));
    }
}

#[tokio::test]
async fn nothing_is_offered_if_nothing_is_left_or_the_client_is_known() {
    let passwords = AuthLayer::new(verify_fn(|_, _| async { Ok(Verdict::Refused) }));
    assert_eq!(offered(&passwords, &facts()).await, None);
    assert_eq!(offered(&passwords, &protected()).await.as_deref(), Some("AUTH PLAIN LOGIN"));
    let mut facts = protected();
    facts.set_identity(Identity::new("alice", "PLAIN"));
    assert_eq!(offered(&passwords, &facts).await, None);
    facts.set_identity(Identity::new("anonymous", "ANONYMOUS"));
    assert_eq!(offered(&passwords, &facts).await, None);
}

#[tokio::test]
async fn other_replies_stay_as_they_are() {
    let layer = AuthLayer::new(All);
    for line in ["", "HELO client.example", "MAIL FROM:<a@example.org>", "RCPT TO:<a@example.org>", "QUIT"] {
        let reply = call(&layer, &protected(), line).await;
        assert_eq!(reply.text(), "from within", "{line}");
        assert!(reply.effects().is_none(), "{line}");
    }
}
