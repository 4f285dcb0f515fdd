use std::collections::HashSet;

use smtp_core::testing::{domain, facts, recipient, request, sender};
use smtp_core::{BoxError, Command, Identity, Reply, Request, SessionFacts};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

use super::*;
use crate::aliases::{AliasDirectory, AliasFile};

fn user(name: &str) -> SessionFacts {
    let mut facts = facts();
    facts.set_identity(Identity::new(name, "PLAIN"));
    facts
}

/// Answers with the content.
async fn below(request: Request) -> Result<Reply, BoxError> {
    let Command::Data(mut body) = request.command else { return Ok(Reply::new(250, "passed")) };
    let mut content = Vec::new();
    while let Some(chunk) = body.next().await {
        content.extend_from_slice(&chunk?);
    }
    Ok(Reply::new(250, String::from_utf8(content)?.replace("\r\n", "|")))
}

async fn mail(layer: &SenderRulesLayer, facts: &SessionFacts, from: &str) -> String {
    let line = format!("MAIL FROM:<{from}>");
    layer.layer(service_fn(below)).oneshot(request(&line, facts.session())).await.unwrap().to_string()
}

async fn data(layer: &SenderRulesLayer, name: &str, content: &str) -> String {
    let mut facts = user(name);
    facts.start_transaction(sender("x@example.org"));
    facts.add_recipient(recipient("y@example.net"));
    let command = Command::Data(content.replace('|', "\r\n").into_bytes().into());
    let request = Request::new(command, facts.session().clone());
    layer.layer(service_fn(below)).oneshot(request).await.unwrap().to_string()
}

fn own() -> SenderRulesLayer {
    SenderRulesLayer::new().own_addresses([domain("example.org"), domain("example.com")])
}

#[tokio::test]
async fn which_senders_are_whose() {
    let file = AliasFile::from_text(
        "sales: alice, bob\nboss: alice\nstaff: alice, bob\nowner-staff: bob\n@shop.example: alice@example.org\n",
    );
    let domains = ["example.org", "shop.example"].map(domain);
    let directory = AliasDirectory::new(file.unwrap(), HashSet::new(), domains);
    let layer = own()
        .aliases(directory)
        .allow("alice", ["@.a.example".parse().unwrap(), "one@b.example".parse().unwrap()])
        .allow_if(|identity: Identity, address| async move {
            match address.to_string().as_str() {
                "broken@c.example" => Err("no table".into()),
                "c@c.example" => Ok(identity.name() == "bob"),
                _ => Ok(false),
            }
        });
    for (name, from, allowed) in [
        ("alice", "alice@example.org", true),
        ("alice", "Alice+x@EXAMPLE.com", true),
        ("alice", "\"alice\"@example.org", true),
        ("alice", "alice@example.net", false),
        ("alice", "bob@example.org", false),
        ("alice", "alice2@example.org", false),
        ("alice", "sales@example.org", true),
        ("alice", "boss+x@example.org", true),
        ("bob", "boss@example.org", false),
        ("alice", "staff@example.org", false),
        ("alice", "anybody@shop.example", true),
        ("bob", "anybody@shop.example", false),
        ("alice", "x@y.a.example", true),
        ("alice", "x@a.example", false),
        ("bob", "x@y.a.example", false),
        ("alice", "one@b.example", true),
        ("alice", "two@b.example", false),
        ("bob", "c@c.example", true),
        ("alice", "c@c.example", false),
        ("bob@example.org", "bob@example.org", true),
        ("bob@example.org", "bob@example.com", false),
        ("bob@example.net", "bob@example.net", false),
        ("alice", "", true),
    ] {
        let expected = match allowed {
            true => "250 passed".to_owned(),
            false => format!("553 5.7.1 <{from}> is not an address of yours"),
        };
        assert_eq!(mail(&layer, &user(name), from).await, expected, "{name} {from}");
    }
    assert_eq!(mail(&layer, &user("bob"), "broken@c.example").await, "451 4.3.0 try again later");
    // Who is nobody is nobody's matter here.
    assert_eq!(mail(&layer, &facts(), "x@example.org").await, "250 passed");
    let refused = "550 5.7.1 users send with an address of theirs";
    assert_eq!(mail(&layer.refuse_null_sender(), &user("alice"), "").await, refused);
}

#[tokio::test]
async fn without_rules_nobody_sends() {
    let refused = "553 5.7.1 <alice@example.org> is not an address of yours";
    assert_eq!(mail(&SenderRulesLayer::new(), &user("alice"), "alice@example.org").await, refused);
}

#[tokio::test]
async fn what_the_header_may_say() {
    let layer = own();
    let mine = "From: Alice <alice@example.org>|";
    for (header, refused) in [
        (String::from(mine), None),
        (format!("{mine}Sender: alice@example.com|"), None),
        ("From: alice@example.org,| Alice <alice+x@example.org>|".into(), None),
        ("From: bob@example.org|".into(), Some("5.7.1 From: <bob@example.org> is not an address of yours")),
        (
            "From: alice@example.org, bob@example.org|".into(),
            Some("5.7.1 From: <bob@example.org> is not an address of yours"),
        ),
        (
            format!("{mine}Sender: bob@example.org|"),
            Some("5.7.1 Sender: <bob@example.org> is not an address of yours"),
        ),
        (
            format!("{mine}Resent-From: bob@example.org|"),
            Some("5.7.1 Resent-From: <bob@example.org> is not an address of yours"),
        ),
        // The others are those of who sent it on before.
        (format!("Resent-From: alice@example.org|{mine}Resent-From: bob@example.org|"), None),
        (format!("{mine}FROM : bob@example.org|"), Some("5.6.0 the message has more than one From: field")),
        (format!("{mine}From: bob@example.org|"), Some("5.6.0 the message has more than one From: field")),
        ("Subject: x|".into(), Some("5.6.0 the message has no From: field")),
        ("From: staff: alice@example.org;|".into(), Some("5.6.0 the From: field is no list of addresses")),
        (format!("{mine}no field|From: bob@example.org|"), Some("5.6.0 a line of the header is no field")),
        (
            "From: bob@example.org|Sender: alice@example.org|".into(),
            Some("5.7.1 From: <bob@example.org> is not an address of yours"),
        ),
    ] {
        let content = format!("{header}|From: eve@example.org|");
        let expected = match refused {
            None => format!("250 {content}"),
            Some(refused) => format!("550 {refused}"),
        };
        assert_eq!(data(&layer, "alice", &content).await, expected, "{header}");
    }
}

#[tokio::test]
async fn who_writes_for_another_says_so() {
    let layer = own().on_behalf_of_others();
    for (header, code) in [
        ("From: boss@example.net|Sender: alice@example.org|", "250"),
        ("From: boss@example.net|Resent-From: alice@example.org|", "250"),
        ("From: boss@example.net|", "550"),
        ("From: boss@example.net|Sender: bob@example.org|", "550"),
        ("From: boss@example.net|From: x@example.net|Sender: alice@example.org|", "550"),
        ("From: alice@example.org|", "250"),
    ] {
        assert!(data(&layer, "alice", &format!("{header}|")).await.starts_with(code), "{header}");
    }
}

#[tokio::test]
async fn the_header_has_a_bound() {
    let layer = own().max_header_size(10);
    let refused = "552 5.3.4 the header of the message is too large";
    assert_eq!(data(&layer, "alice", "From: alice@example.org||").await, refused);
}
