use std::sync::Arc;

use smtp_core::testing::{RecordingDelivery, domain, facts, recipient};
use smtp_core::{Body, BodyErrorKind, Domain, Recipient, Reply, Route, Session};
use smtp_delivery::Router;
use tower::{ServiceExt, service_fn};

use super::{answering, message, message_to, recipients, texts};

#[tokio::test]
async fn the_nearest_rule_holds() {
    let names = ["address", "domain", "near", "far", "condition", "route", "otherwise"];
    let deliveries = names.map(|_| RecordingDelivery::new());
    let [address, of_domain, near, far, condition, route, otherwise] = deliveries.clone();
    let router = Router::new()
        .otherwise(otherwise)
        .route(Route::Local, route)
        .when(|recipient: &Recipient, _: &Session| recipient.to_string().contains("odd"), condition)
        .subdomains_of([domain("example.org")], far)
        .subdomains_of([domain("near.example.org")], near)
        .domains([domain("Example.org"), Domain::from_utf8("b\u{fc}cher.example").unwrap()], of_domain)
        .addresses(["joe@example.org".parse().unwrap(), "joe@[192.0.2.1]".parse().unwrap()], address)
        .detail_separator('+');
    let local = |address: &str| recipient(address).routed(Route::Local);
    for (to, expected) in [
        (recipient("JOE@example.org"), "address"),
        (recipient("joe+odd@EXAMPLE.org"), "address"),
        (recipient("joe@[192.0.2.1]"), "address"),
        (local("jane@example.org"), "domain"),
        (recipient("odd@xn--bcher-kva.example"), "domain"),
        (recipient("jane@a.near.example.org"), "near"),
        (recipient("jane@near.example.org"), "far"),
        (local("odd@a.b.far.example.org"), "far"),
        (local("odd@example.net"), "condition"),
        (local("jane@example.net"), "route"),
        (local("postmaster"), "route"),
        (recipient("joe@[192.0.2.2]"), "otherwise"),
        (recipient("jane@example.net").routed(Route::Relay), "otherwise"),
    ] {
        let before = deliveries.clone().map(|delivery| delivery.messages().len());
        router.clone().oneshot(message_to(vec![to.clone()], "x\r\n")).await.unwrap();
        let after = deliveries.clone().map(|delivery| delivery.messages().len());
        let used: Vec<_> = (0..names.len()).filter(|index| before[*index] != after[*index]).collect();
        assert_eq!(used.iter().map(|index| names[*index]).collect::<Vec<_>>(), [expected], "{to}");
    }
}

#[tokio::test]
async fn outcomes_come_in_the_order_of_the_recipients() {
    let router = Router::new()
        .domains([domain("x")], answering(&["250 2.0.0 a", "452 4.2.2 c", "550 5.1.1 e"]))
        .domains([domain("y")], answering(&["250 2.0.0 b"]))
        .domains([domain("z")], service_fn(|_| async { Err::<smtp_core::Outcomes, _>("broken") }));
    let to = ["a@x", "b@y", "c@x", "d@nowhere", "z@z", "e@x"];
    let outcomes = router.oneshot(message(&to, "hello\r\n")).await.unwrap();
    let expected = [
        "250 2.0.0 a",
        "250 2.0.0 b",
        "452 4.2.2 c",
        "550 5.4.4 no way to this recipient",
        "451 4.3.0 delivery failed, try again later",
        "550 5.1.1 e",
    ];
    assert_eq!(texts(outcomes, 6), expected);
}

#[tokio::test]
async fn one_way_alone_gets_the_message_as_it_is() {
    let delivery = RecordingDelivery::new();
    let router = Router::new().otherwise(delivery.clone());
    let message = message(&["a@x", "b@y"], "hello\r\n");
    let envelope = message.envelope.clone();
    router.oneshot(message).await.unwrap();
    assert!(Arc::ptr_eq(&delivery.messages()[0].envelope, &envelope));
}

#[tokio::test]
async fn a_message_for_nobody_is_not_read() {
    let (_writer, body) = Body::channel();
    let outcomes = Router::new().oneshot(message(&["a@x"], body)).await.unwrap();
    assert_eq!(texts(outcomes, 1), ["550 5.4.4 no way to this recipient"]);
}

#[tokio::test]
async fn a_body_that_breaks_goes_nowhere() {
    let (one, other) = (RecordingDelivery::new(), RecordingDelivery::new());
    let router = Router::new().domains([domain("x")], one.clone()).otherwise(other.clone());
    let (mut writer, body) = Body::channel();
    writer.fail(BodyErrorKind::Disconnected);
    let error = router.oneshot(message(&["a@x", "b@y"], body)).await.unwrap_err();
    assert!(error.is::<smtp_core::BodyError>());
    assert!(recipients(&one).is_empty() && recipients(&other).is_empty());
}

#[tokio::test]
async fn conditions_see_the_session() {
    let trusted = RecordingDelivery::new();
    let from_network = |_: &Recipient, session: &Session| {
        session.peer_ip() == Some("192.0.2.1".parse().expect("an address"))
    };
    let router = Router::new().when(from_network, trusted.clone());
    assert_eq!(facts().session().peer_ip(), Some("192.0.2.1".parse().unwrap()));
    let outcomes = router.oneshot(message(&["a@x"], "x\r\n")).await.unwrap();
    assert_eq!(outcomes.fold(), Reply::new(250, "2.0.0 recorded"));
    assert_eq!(recipients(&trusted), [["<a@x>"]]);
}
