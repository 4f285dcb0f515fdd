use smtp_core::extension::OriginalRecipient;
use smtp_core::testing::{RecordingDelivery, domain, recipient, sender};
use smtp_core::{Body, Mailbox, Parameter, Reply, Route};
use smtp_delivery::rewrite::{AddressTable, Mapped, RewriteLayer};
use std::sync::Arc;
use tower::{Layer, ServiceExt};

use super::{answering, message, message_to, recipients, texts, unasked};

fn mailbox(text: &str) -> Mailbox {
    text.parse().expect("a mailbox")
}

#[tokio::test]
async fn several_in_the_place_of_one_have_the_worst_outcome() {
    let table = AddressTable::new()
        .address(&mailbox("list@x"), [mailbox("a@y"), mailbox("b@y"), mailbox("c@y")])
        .address(&mailbox("twice@x"), [mailbox("a@y")])
        .address(&mailbox("nobody@x"), [])
        .closed(domain("x"));
    let inner = answering(&["250 2.0.0 a", "452 4.2.2 b", "550 5.1.1 c", "250 2.0.0 z"]);
    let to = ["unknown@x", "list@x", "twice@x", "nobody@x", "z@z"];
    let rewrite = RewriteLayer::new().recipients(table);
    let outcomes = rewrite.layer(inner).oneshot(message(&to, "x\r\n")).await.unwrap();
    let expected = [
        "550 5.1.1 no such user here",
        "452 4.2.2 b",
        "250 2.0.0 a",
        "550 5.1.1 nobody gets mail for this address",
        "250 2.0.0 z",
    ];
    assert_eq!(texts(outcomes, 5), expected);
}

#[tokio::test]
async fn the_original_and_the_parameters_go_along() {
    let table = AddressTable::new().domain(domain("x"), domain("y"));
    let mailboxes = RecordingDelivery::new();
    let layer = RewriteLayer::new().recipients(table).local_domains([domain("z")]);
    let mut known = recipient("b@x").routed(Route::Local);
    known.parameters.insert(Parameter::parse("ORCPT=rfc822;first@w").unwrap());
    known.parameters.insert(Parameter::parse("NOTIFY=NEVER").unwrap());
    let to = vec![recipient("a@x").routed(Route::Local), known, recipient("c@z").routed(Route::Local)];
    layer.layer(mailboxes.clone()).oneshot(message_to(to, "x\r\n")).await.unwrap();
    let envelope = &mailboxes.messages()[0].envelope;
    let original = |place: usize| {
        let parameters = &envelope.recipients[place].parameters;
        let original = parameters.typed::<OriginalRecipient>().unwrap();
        original.map(|original| original.address().to_owned())
    };
    assert_eq!(recipients(&mailboxes), [["<a@y>", "<b@y>", "<c@z>"]]);
    assert_eq!(
        [original(0).as_deref(), original(1).as_deref(), original(2).as_deref()],
        [Some("a@x"), Some("first@w"), None]
    );
    assert!(envelope.recipients[1].parameters.get("NOTIFY").is_some());
    let routes = envelope.recipients.iter().map(|recipient| recipient.route.unwrap());
    assert_eq!(routes.collect::<Vec<_>>(), [Route::Relay, Route::Relay, Route::Local]);
}

#[tokio::test]
async fn senders_are_rewritten_by_a_function() {
    let mailboxes = RecordingDelivery::new();
    let layer = RewriteLayer::new().senders(|from: Mailbox| async move {
        match from.local_part().as_str() {
            "joe" => Mapped::To(vec![mailbox("joe.doe@example.org")]),
            "spam" => Mapped::Refused(Reply::new(550, "5.1.8 not you")),
            _ => Mapped::Unchanged,
        }
    });
    for (from, expected) in
        [("joe@example.com", "<joe.doe@example.org>"), ("jim@example.com", "<jim@example.com>"), ("", "<>")]
    {
        let mut message = message(&["a@x"], "x\r\n");
        Arc::make_mut(&mut message.envelope).sender = sender(from);
        layer.layer(mailboxes.clone()).oneshot(message).await.unwrap();
        assert_eq!(mailboxes.messages().last().unwrap().envelope.sender.to_string(), expected);
    }
    let (_writer, body) = Body::channel();
    let mut message = message(&["a@x", "b@x"], body);
    Arc::make_mut(&mut message.envelope).sender = sender("spam@example.com");
    let outcomes = layer.layer(unasked()).oneshot(message).await.unwrap();
    assert_eq!(texts(outcomes, 1), ["550 5.1.8 not you"]);
}

#[tokio::test]
async fn where_nobody_is_left_the_message_is_not_read() {
    let (_writer, body) = Body::channel();
    let layer = RewriteLayer::new().recipients(AddressTable::new().closed(domain("x")));
    let outcomes = layer.layer(unasked()).oneshot(message(&["a@x", "b@x"], body)).await.unwrap();
    assert_eq!(texts(outcomes, 2), ["550 5.1.1 no such user here"; 2]);
}
