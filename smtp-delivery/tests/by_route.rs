//! Dividing recipients between two deliveries.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;

use smtp_core::testing::{RecordingDelivery, facts, recipient, sender};
use smtp_core::{Body, BodyErrorKind, BoxError, Envelope, Message, Outcomes, Recipient, Reply, Route};
use smtp_delivery::{ByRoute, SpoolOptions};
use tower::{ServiceExt, service_fn};

fn message(recipients: &[Recipient], body: impl Into<Body>) -> Message {
    let mut envelope = Envelope::new(sender("joe@example.com"));
    envelope.recipients = recipients.to_vec();
    Message::new(Arc::new(envelope), body.into(), facts().session().clone())
}

fn local(address: &str) -> Recipient {
    recipient(address).routed(Route::Local)
}

fn relayed(address: &str) -> Recipient {
    recipient(address).routed(Route::Relay)
}

fn addresses(delivery: &RecordingDelivery) -> Vec<String> {
    let messages = delivery.messages();
    messages.iter().flat_map(|message| &message.envelope.recipients).map(ToString::to_string).collect()
}

fn denied() -> Reply {
    Reply::new(550, "5.7.1 relaying denied")
}

#[tokio::test]
async fn one_way_alone_gets_the_message_as_it_is() {
    for (route, used) in [(Route::Local, 0), (Route::Relay, 1)] {
        let deliveries = [RecordingDelivery::new(), RecordingDelivery::new()];
        let by_route = ByRoute::new(deliveries[0].clone(), deliveries[1].clone());
        let message = message(&[recipient("a@x").routed(route), recipient("b@x").routed(route)], "hi\r\n");
        let envelope = message.envelope.clone();
        let outcomes = by_route.oneshot(message).await.unwrap();
        assert_eq!(outcomes, Outcomes::All(Reply::new(250, "2.0.0 recorded")));
        assert!(Arc::ptr_eq(&deliveries[used].messages()[0].envelope, &envelope));
        assert_eq!(deliveries[1 - used].messages().len(), 0);
    }
}

#[tokio::test]
async fn one_way_does_not_wait_for_the_whole_message() {
    let answer = || service_fn(|_: Message| async { Ok::<_, Infallible>(Reply::new(550, "no").into()) });
    let (_writer, body) = Body::channel();
    let outcomes: Outcomes = ByRoute::new(answer(), answer())
        .oneshot(message(&[local("a@x"), recipient("b@x")], body))
        .await
        .unwrap();
    assert_eq!(outcomes, Outcomes::Each(vec![Reply::new(550, "no"), denied()]));
}

#[tokio::test]
async fn both_ways_get_the_whole_message() {
    let content = "0123456789abcde\r\n".repeat(20_000).into_bytes();
    for threshold in [0, 1000, 1_000_000] {
        let (here, there) = (RecordingDelivery::new(), RecordingDelivery::new());
        let by_route =
            ByRoute::new(here.clone(), there.clone()).spool(SpoolOptions::default().threshold(threshold));
        let recipients = [relayed("a@x"), local("b@x"), recipient("c@x"), local("d@x"), relayed("e@x")];
        let outcomes = by_route.oneshot(message(&recipients, content.clone())).await.unwrap();
        let ok = || Reply::new(250, "2.0.0 recorded");
        assert_eq!(outcomes, Outcomes::Each(vec![ok(), ok(), denied(), ok(), ok()]));
        assert_eq!(addresses(&here), ["<b@x>", "<d@x>"]);
        assert_eq!(addresses(&there), ["<a@x>", "<e@x>"]);
        assert!(here.messages()[0].content == content && there.messages()[0].content == content);
    }
}

#[tokio::test]
async fn what_fails_on_one_way_does_not_fail_on_the_other() {
    let full = || -> BoxError { Reply::new(452, "4.3.1 full").into() };
    let broken = || -> BoxError { io::Error::other("fact").into() };
    let timeout = || -> BoxError { smtp_core::BodyError::from(BodyErrorKind::Timeout).into() };
    for (error, expected) in [
        (full(), "452 4.3.1 full"),
        (broken(), "451 4.3.0 delivery failed, try again later"),
        (timeout(), "421 4.4.2 timeout, closing connection"),
    ] {
        let error = Arc::new(std::sync::Mutex::new(Some(error)));
        let failing = service_fn(move |_: Message| {
            let error = error.lock().ok().and_then(|mut error| error.take());
            async { Err::<Outcomes, BoxError>(error.unwrap()) }
        });
        let recipients = [relayed("a@x"), local("b@x"), relayed("c@x")];
        let by_route = ByRoute::new(RecordingDelivery::new(), failing);
        let outcomes = by_route.oneshot(message(&recipients, "hi\r\n")).await.unwrap();
        let Outcomes::Each(replies) = outcomes else { panic!("{outcomes:?}") };
        let replies: Vec<String> = replies.iter().map(ToString::to_string).collect();
        assert_eq!(replies, [expected, "250 2.0.0 recorded", expected]);
    }
}

#[tokio::test]
async fn a_body_that_breaks_goes_nowhere() {
    let delivery = RecordingDelivery::new();
    let (mut writer, body) = Body::channel();
    writer.fail(BodyErrorKind::TooLarge);
    let by_route = ByRoute::new(delivery.clone(), delivery.clone());
    let error = by_route.oneshot(message(&[local("a@x"), relayed("b@x")], body)).await.unwrap_err();
    assert_eq!(error.downcast_ref(), Some(&smtp_core::BodyError::from(BodyErrorKind::TooLarge)));
    assert_eq!(delivery.messages().len(), 0);
}
