use std::collections::HashSet;

use smtp_core::testing::{domain, facts, recipient, request, sender};
use smtp_core::{BoxError, Identity, Reply, Request, SessionFacts};
use tower::{ServiceExt, service_fn};
use tower_layer::Layer;

use super::*;
use crate::aliases::{AliasDirectory, AliasFile};

async fn ask(layer: &NullSenderLayer, line: &str, facts: &SessionFacts) -> String {
    let inner = service_fn(|_: Request| async { Ok::<_, BoxError>(Reply::new(250, "passed")) });
    layer.layer(inner).oneshot(request(line, facts.session())).await.unwrap().to_string()
}

fn in_transaction(from: &str, to: &[&str]) -> SessionFacts {
    let mut facts = facts();
    facts.start_transaction(sender(from));
    to.iter().for_each(|to| facts.add_recipient(recipient(to)));
    facts
}

#[tokio::test]
async fn a_bounce_has_one_recipient() {
    let layer = NullSenderLayer::new();
    for (from, to, expected) in [
        ("", &[][..], "250 passed"),
        ("", &["ann@example.org"], "452 4.5.3 one recipient at a time for mail without a sender"),
        ("x@example.net", &["ann@example.org"], "250 passed"),
    ] {
        let facts = in_transaction(from, to);
        assert_eq!(ask(&layer, "RCPT TO:<joe@example.org>", &facts).await, expected, "{from} {to:?}");
    }
}

#[tokio::test]
async fn lists_take_no_bounces_and_their_owners_do() {
    let file = AliasFile::from_text("staff: joe, ann\nowner-staff: joe, sue\nsales: joe\n").unwrap();
    let directory = AliasDirectory::new(file, HashSet::new(), [domain("example.org")]);
    let layer = NullSenderLayer::new().no_lists(directory);
    for (from, to, expected) in [
        ("", "staff@example.org", "550 5.7.1 this list takes no bounces"),
        ("", "owner-staff@example.org", "250 passed"),
        ("", "sales@example.org", "250 passed"),
        ("", "staff@example.net", "250 passed"),
        ("", "Postmaster", "250 passed"),
        ("x@example.net", "staff@example.org", "250 passed"),
    ] {
        let facts = in_transaction(from, &[]);
        assert_eq!(ask(&layer, &format!("RCPT TO:<{to}>"), &facts).await, expected, "{from} {to}");
    }
}

#[tokio::test]
async fn users_have_addresses() {
    let (layer, mut facts) = (NullSenderLayer::new().not_from_users(), facts());
    assert_eq!(ask(&layer, "MAIL FROM:<>", &facts).await, "250 passed");
    facts.set_identity(Identity::new("alice", "PLAIN"));
    let refused = "550 5.7.1 users send with an address of theirs";
    assert_eq!(ask(&layer, "MAIL FROM:<>", &facts).await, refused);
    assert_eq!(ask(&layer, "MAIL FROM:<a@example.org>", &facts).await, "250 passed");
}
