//! What EHLO offers, and what MAIL takes.

use std::convert::Infallible;

use smtp_auth::{
    AuthLayer, CredentialStore, Mechanism, PasswordLogin, ScramHash, StoreError, Verdict, verify_fn,
};
use smtp_core::testing::{domain, facts, request};
use smtp_core::{Capabilities, Hello, Identity, Reply, Request, Session, SessionFacts};
use tower::{Layer, ServiceExt, service_fn};

use crate::client::protected;

struct Keys;

impl CredentialStore for Keys {
    async fn verify_password(&self, _: PasswordLogin, _: &Session) -> Result<Verdict, StoreError> {
        Ok(Verdict::Refused)
    }

    fn has_scram_keys(&self, _: ScramHash) -> bool {
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

#[tokio::test]
async fn plaintext_is_offered_within_tls_only() {
    let layer = AuthLayer::new(Keys);
    assert_eq!(offered(&layer, &facts()).await.as_deref(), Some("AUTH SCRAM-SHA-256"));
    assert_eq!(offered(&layer, &protected()).await.as_deref(), Some("AUTH SCRAM-SHA-256 PLAIN LOGIN"));
    let loud = layer.allow_plaintext_without_tls();
    assert_eq!(offered(&loud, &facts()).await.as_deref(), Some("AUTH SCRAM-SHA-256 PLAIN LOGIN"));
}

#[tokio::test]
async fn mechanisms_stand_in_their_order_and_once() {
    let order = [Mechanism::LOGIN, Mechanism::SCRAM_SHA_256, Mechanism::LOGIN];
    let layer = AuthLayer::new(Keys).mechanisms(order);
    assert_eq!(offered(&layer, &protected()).await.as_deref(), Some("AUTH LOGIN SCRAM-SHA-256"));
}

#[tokio::test]
async fn nothing_is_offered_if_nothing_is_left_or_the_client_is_known() {
    let passwords = AuthLayer::new(verify_fn(|_, _| async { Ok(Verdict::Refused) }));
    assert_eq!(offered(&passwords, &facts()).await, None);
    assert_eq!(offered(&passwords, &protected()).await.as_deref(), Some("AUTH PLAIN LOGIN"));
    let mut facts = protected();
    facts.set_identity(Identity::new("alice", "PLAIN"));
    assert_eq!(offered(&passwords, &facts).await, None);
}

#[tokio::test]
async fn other_replies_stay_as_they_are() {
    let layer = AuthLayer::new(Keys);
    for line in ["", "HELO client.example", "MAIL FROM:<a@example.org>", "RCPT TO:<a@example.org>", "QUIT"] {
        let reply = call(&layer, &protected(), line).await;
        assert_eq!(reply.text(), "from within", "{line}");
        assert!(reply.effects().is_none(), "{line}");
    }
}

#[tokio::test]
async fn the_parameter_of_mail_is_claimed_and_checked() {
    let layer = AuthLayer::new(Keys);
    let mut reply = call(&layer, &protected(), "EHLO client.example").await;
    let mut facts = protected();
    let mut capabilities = Capabilities::new();
    capabilities.insert(reply.capabilities_mut().get("AUTH").unwrap().clone());
    facts.set_hello(Hello::extended(domain("client.example")), capabilities);
    for (value, code) in
        [("<>", 250), ("e+3Dmc2@example.com", 250), ("e+3dmc2@example.com", 501), ("joe", 501)]
    {
        let line = format!("MAIL FROM:<a@example.org> AUTH={value}");
        assert_eq!(call(&layer, &facts, &line).await.code(), code, "{line}");
    }
    let reply = call(&layer, &facts, "MAIL FROM:<a@example.org> AUTH").await;
    assert_eq!(reply.to_string(), "501 5.5.4 malformed AUTH parameter");
}
