//! Setting right messages of users.

use std::sync::Arc;

use bytes::Bytes;
use smtp_core::testing::{RecordingDelivery, facts, recipient, sender};
use smtp_core::{Body, BodyErrorKind, Envelope, Identity, Message};
use smtp_delivery::SubmissionLayer;
use smtp_delivery::submission::Bcc;
use tower::{Layer, ServiceExt};

const WHOLE: &str = "From: a@x\r\nDate: y\r\nMessage-ID: <z@x>\r\n\r\nbody\r\n";

fn message(body: impl Into<Body>) -> Message {
    let mut envelope = Envelope::new(sender("joe@example.com"));
    envelope.recipients.push(recipient("jane@example.org"));
    Message::new(Arc::new(envelope), body.into(), facts().session().clone())
}

async fn submitted(layer: SubmissionLayer, message: Message) -> Result<String, String> {
    let queue = RecordingDelivery::new();
    let outcome = layer.layer(queue.clone()).oneshot(message).await.expect("the body is whole").fold();
    match queue.messages().first() {
        Some(message) => Ok(String::from_utf8(message.content.clone()).expect("UTF-8")),
        None => Err(outcome.to_string()),
    }
}

#[tokio::test]
async fn what_lacks_nothing_goes_as_it_came() {
    for layer in [SubmissionLayer::new(), SubmissionLayer::new().strict()] {
        assert_eq!(submitted(layer, message(WHOLE)).await.unwrap(), WHOLE);
    }
}

#[tokio::test]
async fn a_message_without_header_gets_one() {
    let content = submitted(SubmissionLayer::new(), message("hello\r\n\r\nworld\r\n")).await.unwrap();
    assert!(
        content.starts_with("Date: ") && content.ends_with(">\r\n\r\nhello\r\n\r\nworld\r\n"),
        "{content}"
    );
    let content = submitted(SubmissionLayer::new(), message("\r\nhello\r\n")).await.unwrap();
    assert!(content.starts_with("Date: ") && content.ends_with(">\r\n\r\nhello\r\n"), "{content}");
    let content = submitted(SubmissionLayer::new(), message("")).await.unwrap();
    assert!(content.starts_with("Date: ") && content.ends_with("@server.example>\r\n"), "{content}");
}

#[tokio::test]
async fn the_date_is_one_and_the_host_can_be_told() {
    let host = "ids.example".parse::<smtp_core::Domain>().unwrap();
    let content = submitted(SubmissionLayer::new().host(host), message("From: a@x\r\n\r\n")).await.unwrap();
    let date = content.lines().find_map(|line| line.strip_prefix("Date: ")).unwrap();
    jiff::fmt::rfc2822::parse(date).unwrap();
    assert!(content.contains("@ids.example>\r\n"));
}

#[tokio::test]
async fn a_header_that_is_none_is_refused_where_that_is_asked_for() {
    let refused = "554 5.6.0 the header of this message is not as it has to be";
    let long = format!("From: a@x\r\n{}\r\n", "X-A: 1\r\n".repeat(40_000));
    for content in ["hello\r\n", "", "To: a@x\r\n\r\n", "From: a@x\r\nFrom: b@x\r\n\r\n", &long] {
        let content = content.as_bytes().to_vec();
        let strict = submitted(SubmissionLayer::new().strict(), message(content.clone())).await;
        assert_eq!(strict, Err(refused.to_owned()));
        let layer = SubmissionLayer::new().bcc(Bcc::Keep);
        assert!(submitted(layer, message(content)).await.is_ok());
    }
    // Nothing is changed of what is not seen to its end; where `Bcc:` may be there, it does not go out.
    let long_one = || message(long.clone().into_bytes());
    assert_eq!(submitted(SubmissionLayer::new().bcc(Bcc::Keep), long_one()).await.unwrap(), long);
    let refused = submitted(SubmissionLayer::new(), long_one()).await.unwrap_err();
    assert_eq!(refused, "552 5.3.4 the header of this message is too long");
}

#[tokio::test]
async fn others_are_left_alone() {
    let layer = SubmissionLayer::new().only_if(|session| session.identity().is_some());
    let bare = "From: a@x\r\nBcc: b@x\r\n\r\n";
    assert_eq!(submitted(layer.clone(), message(bare)).await.unwrap(), bare);
    let mut facts = facts();
    facts.set_identity(Identity::new("alice", "PLAIN"));
    let mut of_user = message(bare);
    of_user.session = facts.session().clone();
    assert!(submitted(layer, of_user).await.unwrap().starts_with("From: a@x\r\nDate: "));
}

#[tokio::test]
async fn the_body_streams_through() {
    let chunks = (0..1000).map(|_| Ok(Bytes::from_static(&[b'x'; 10_000])));
    let start = futures::stream::iter([Ok(Bytes::from_static(WHOLE.as_bytes()))]);
    let body = Body::from_stream(futures::StreamExt::chain(start, futures::stream::iter(chunks)));
    let content = submitted(SubmissionLayer::new(), message(body)).await.unwrap();
    assert_eq!(content.len(), WHOLE.len() + 10_000_000);
}

#[tokio::test]
async fn a_body_that_breaks_goes_nowhere() {
    let queue = RecordingDelivery::new();
    let (mut writer, body) = Body::channel();
    writer.fail(BodyErrorKind::TooLarge);
    assert!(SubmissionLayer::new().layer(queue.clone()).oneshot(message(body)).await.is_err());
    assert!(queue.messages().is_empty());
}
