//! AUTH= of MAIL.

use std::convert::Infallible;

use smtp_auth::{AuthLayer, CredentialStore, Verdict, verify_fn};
use smtp_core::testing::{domain, request};
use smtp_core::{Capabilities, Command, Hello, Identity, Reply, Request, SessionFacts};
use tower::{Layer, ServiceExt, service_fn};

use crate::client::protected;

/// What becomes of the parameter behind the layer, or what the client hears.
async fn passed<C: CredentialStore>(layer: &AuthLayer<C>, facts: &SessionFacts, value: &str) -> String {
    let inner = service_fn(|request: Request| async move {
        let Command::Mail(mail) = request.command else { return Ok(Reply::new(250, "ok")) };
        let parameter = mail.parameters.get("AUTH").map(ToString::to_string);
        Ok::<_, Infallible>(Reply::new(250, parameter.unwrap_or_default()))
    });
    let line = format!("MAIL FROM:<a@example.org>{value}");
    let reply = layer.layer(inner).oneshot(request(&line, facts.session())).await.expect("no error");
    if reply.code() == 250 { reply.text().to_owned() } else { reply.to_string() }
}

/// The facts of a session to which AUTH was offered.
async fn greeted<C: CredentialStore>(layer: &AuthLayer<C>) -> SessionFacts {
    let mut facts = protected();
    let inner = service_fn(|_: Request| async { Ok::<_, Infallible>(Reply::new(250, "ok")) });
    let ehlo = request("EHLO client.example", facts.session());
    let mut reply = layer.layer(inner).oneshot(ehlo).await.expect("no error");
    let mut capabilities = Capabilities::new();
    capabilities.insert(reply.capabilities_mut().get("AUTH").expect("an offer").clone());
    facts.set_hello(Hello::extended(domain("client.example")), capabilities);
    facts
}

#[tokio::test]
async fn users_are_believed_who_name_themselves() {
    let layer = AuthLayer::new(verify_fn(|_, _| async { Ok(Verdict::Refused) }));
    let mut facts = greeted(&layer).await;
    let is = async |facts: &SessionFacts, value: &str, expected: &str| {
        assert_eq!(passed(&layer, facts, value).await, expected, "{value}");
    };
    is(&facts, "", "").await;
    is(&facts, " AUTH=<>", "AUTH=<>").await;
    is(&facts, " AUTH=alice@example.org", "AUTH=<>").await;
    is(&facts, " AUTH=e+3dmc2@example.com", "501 5.5.4 malformed AUTH").await;
    is(&facts, " AUTH=joe", "501 5.5.4 malformed AUTH").await;
    is(&facts, " AUTH", "501 5.5.4 malformed AUTH").await;
    facts.set_identity(Identity::new("anonymous", "ANONYMOUS"));
    is(&facts, " AUTH=alice@example.org", "AUTH=<>").await;
    facts.set_identity(Identity::new("Alice@example.org", "PLAIN"));
    is(&facts, " AUTH=alice@example.org", "AUTH=alice@example.org").await;
    is(&facts, " AUTH=alic+65@example.org", "AUTH=alic+65@example.org").await;
    is(&facts, " AUTH=bob@example.org", "AUTH=<>").await;
}

#[tokio::test]
async fn a_rule_may_believe_others() {
    let layer = AuthLayer::new(verify_fn(|_, _| async { Ok(Verdict::Refused) })).trust_originator(
        |mailbox, session| {
            let domain = mailbox.to_string().ends_with("@example.org");
            domain && session.identity().is_some_and(|identity| identity.name() == "gateway")
        },
    );
    let mut facts = greeted(&layer).await;
    facts.set_identity(Identity::new("gateway", "EXTERNAL"));
    assert_eq!(passed(&layer, &facts, " AUTH=bob@example.org").await, "AUTH=bob@example.org");
    assert_eq!(passed(&layer, &facts, " AUTH=bob@example.net").await, "AUTH=<>");
    facts.set_identity(Identity::new("bob@example.org", "PLAIN"));
    assert_eq!(passed(&layer, &facts, " AUTH=bob@example.org").await, "AUTH=<>");
}
