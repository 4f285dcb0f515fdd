//! Messages posted to a web service that this project did not write the HTTP of.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use peers::Script;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use smtp_core::testing::{facts, recipient, sender};
use smtp_core::{Body, BodyErrorKind, Envelope, Mailbox, Message, Outcomes, Parameter, Recipient};
use smtp_delivery::webhook::{EndpointError, Form, HeaderError};
use smtp_delivery::{SpoolOptions, Webhook};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tower::ServiceExt;

const CONTENT: &str = "Subject: x\r\n\r\n.\r\n--\r\n\r\nbody\r\n";

fn message(recipients: &[&str], body: impl Into<Body>) -> Message {
    let mut envelope = Envelope::new(sender("joe@example.com"));
    envelope.recipients = recipients.iter().copied().map(recipient).collect();
    Message::new(Arc::new(envelope), body.into(), facts().session().clone())
}

/// A web service, and its port.
fn receiver() -> (Script, u16) {
    let mut service = Script::start("python3", "smtp-delivery/tests/webhook/service.py", &[]);
    let port = service.line().parse().expect("a port");
    (service, port)
}

/// What it says of the next request.
fn request(receiver: &mut Script) -> Value {
    serde_json::from_str(&receiver.line()).expect("JSON")
}

fn webhook(port: u16, status: u16) -> Webhook {
    Webhook::to(&format!("http://127.0.0.1:{port}/{status}")).expect("an address")
}

async fn outcome(webhook: Webhook, message: Message) -> String {
    webhook.oneshot(message).await.expect("the body is whole").fold().to_string()
}

fn sha256(octets: &[u8]) -> String {
    Sha256::digest(octets).iter().map(|octet| format!("{octet:02x}")).collect()
}

fn large() -> (Body, Vec<u8>) {
    let octets: Vec<u8> = (0..200_000).flat_map(|n| format!("line {n}\r\n").into_bytes()).collect();
    let chunks: Vec<_> = octets.chunks(7001).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    (Body::from_stream(futures::stream::iter(chunks)), octets)
}

#[tokio::test]
async fn the_message_arrives_raw() {
    let (mut receiver, port) = receiver();
    let took = "250 2.0.0 the web service took the message";
    let posted = outcome(webhook(port, 200), message(&["jane@x", "jim@x"], CONTENT)).await;
    assert_eq!(posted, took);
    let seen = request(&mut receiver);
    let expected = json!({
        "type": "message/rfc822", "length": null, "authorization": null, "signed": false,
        "from": "joe@example.com", "to": ["jane@x", "jim@x"],
        "octets": CONTENT.len(), "sha256": sha256(CONTENT.as_bytes()),
    });
    assert_eq!(seen, expected);

    let (body, octets) = large();
    let with_token = webhook(port, 202).header("Authorization", &"Bearer token".into()).unwrap();
    assert_eq!(outcome(with_token, message(&["jane@x"], body)).await, took);
    let seen = request(&mut receiver);
    assert_eq!(seen["sha256"], sha256(&octets));
    assert_eq!(seen["authorization"], "Bearer token");
}

#[tokio::test]
async fn the_message_arrives_as_a_form() {
    let (mut receiver, port) = receiver();
    let mut notification = message(&["jane@x", "postmaster"], CONTENT);
    Arc::make_mut(&mut notification.envelope).sender = sender("");
    for key in [None, Some("signing key")] {
        let mut form = webhook(port, 200).form(Form::Multipart);
        if let Some(key) = key {
            form = form.signing_key(key.into()).spool(SpoolOptions::default().threshold(1));
        }
        let copy = Message::new(notification.envelope.clone(), CONTENT.into(), notification.session.clone());
        assert!(outcome(form, copy).await.starts_with("250 "));
        let seen = request(&mut receiver);
        let expected = json!({
            "from": null, "to": ["jane@x", "postmaster"], "utf8": false,
            "client_address": "192.0.2.1", "helo": "client.example",
        });
        assert_eq!(seen["envelope"], expected);
        assert_eq!(
            (&seen["type"], &seen["from"], &seen["to"]),
            (&json!("multipart/form-data"), &Value::Null, &json!([]))
        );
        assert_eq!(
            (&seen["octets"], &seen["sha256"]),
            (&json!(CONTENT.len()), &json!(sha256(CONTENT.as_bytes())))
        );
        assert_eq!(
            (seen["signed"].as_bool(), seen["length"].is_null()),
            (Some(key.is_some()), key.is_none())
        );
    }
}

#[tokio::test]
async fn a_signature_covers_envelope_and_message() {
    let (mut receiver, port) = receiver();
    let (body, octets) = large();
    let signing = webhook(port, 200).signing_key("signing key".into());
    let mut of_utf8 = message(&["jane@x", "jim@x"], body);
    let envelope = Arc::make_mut(&mut of_utf8.envelope);
    envelope.sender.parameters.insert(Parameter::parse("SMTPUTF8").unwrap());
    let mailbox = Mailbox::from_utf8("j\u{f6}rg@example.org").unwrap();
    envelope.recipients.push(Recipient::new(mailbox.into()));
    assert!(outcome(signing, of_utf8).await.starts_with("250 "));
    let seen = request(&mut receiver);
    assert_eq!((&seen["signed"], &seen["sha256"]), (&json!(true), &json!(sha256(&octets))));
    assert_eq!(
        (&seen["type"], &seen["length"]),
        (&json!("message/global"), &json!(octets.len().to_string()))
    );
    // http.server takes octets for Latin-1.
    assert_eq!(seen["to"], json!(["jane@x", "jim@x", "j\u{c3}\u{b6}rg@example.org"]));
    let other = webhook(port, 200).signing_key("another key".into());
    outcome(other, message(&["jane@x"], CONTENT)).await;
    assert_eq!(request(&mut receiver)["signed"], false);
}

#[tokio::test]
async fn the_status_is_the_outcome() {
    let (mut receiver, port) = receiver();
    for (status, expected) in [
        (204, "250 2.0.0"),
        (302, "451 4.3.5"),
        (307, "451 4.3.5"),
        (400, "554 5.3.0"),
        (403, "554 5.3.0"),
        (408, "451 4.3.2"),
        (413, "552 5.3.4"),
        (425, "451 4.3.2"),
        (429, "451 4.3.2"),
        (500, "451 4.3.0"),
        (503, "451 4.3.0"),
    ] {
        let outcome = outcome(webhook(port, status), message(&["jane@x"], CONTENT)).await;
        assert!(outcome.starts_with(expected), "{status}: {outcome}");
        // One request each: nobody follows to where it is sent.
        request(&mut receiver);
    }
}

#[tokio::test]
async fn a_service_may_say_when_to_come_again() {
    let (mut receiver, port) = receiver();
    for (path, expected) in [
        ("429?in=600", Some(600..=600)),
        ("503?in=600", Some(600..=600)),
        // How much of it has passed is not for a test to say.
        ("503?at=86000", Some(1..=86_000)),
        ("503?in=999999", Some(86_400..=86_400)),
        ("503?in=soon", None),
        ("503", None),
        ("400?in=600", None),
        ("200?in=600", None),
    ] {
        let webhook = Webhook::to(&format!("http://127.0.0.1:{port}/{path}")).expect("an address");
        let outcomes = webhook.max_recipients(1).oneshot(message(&["jane@x", "jim@x"], CONTENT)).await;
        let wait = outcomes.expect("the body is whole").fold().retry_after();
        match expected {
            Some(seconds) => assert!(seconds.contains(&wait.unwrap().as_secs()), "{path}: {wait:?}"),
            None => assert_eq!(wait, None, "{path}"),
        }
        request(&mut receiver);
        request(&mut receiver);
    }
}

#[tokio::test]
async fn many_recipients_are_several_requests() {
    let (mut receiver, port) = receiver();
    let to: Vec<String> = (0..5).map(|number| format!("user{number}@x")).collect();
    let to: Vec<&str> = to.iter().map(String::as_str).collect();
    let outcomes = webhook(port, 200).max_recipients(2).oneshot(message(&to, CONTENT)).await.unwrap();
    assert!(matches!(outcomes, Outcomes::All(reply) if reply.is_positive()));
    let mut seen: Vec<usize> =
        (0..3).map(|_| request(&mut receiver)["to"].as_array().unwrap().len()).collect();
    seen.sort_unstable();
    assert_eq!(seen, [1, 2, 2]);
}

#[tokio::test]
async fn a_message_that_breaks_is_none() {
    let (mut receiver, port) = receiver();
    let (mut writer, body) = Body::channel();
    let deliver = webhook(port, 200).oneshot(message(&["jane@x"], body));
    let feed = async {
        std::future::poll_fn(|cx| writer.poll_demand(cx)).await;
        writer.send("half a mess".into());
        std::future::poll_fn(|cx| writer.poll_demand(cx)).await;
        writer.fail(BodyErrorKind::Disconnected);
    };
    let (outcome, ()) = tokio::join!(deliver, feed);
    assert!(outcome.unwrap_err().is::<smtp_core::BodyError>());
    assert_eq!(request(&mut receiver), json!({ "broken": true }));
}

/// What becomes of a message if a service answers this to its first octet.
async fn answered(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let serve = async {
        let (mut stream, _) = listener.accept().await.expect("a client");
        stream.read_u8().await.expect("an octet");
        stream.write_all(answer).await.expect("somebody reads");
        stream.shutdown().await.expect("somebody reads");
        // It may be sent more than it has read.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    };
    // A client that goes on sending, and never comes to an end.
    let chunks = futures::stream::repeat_with(|| Ok(Bytes::from_static(b"line\r\n")));
    let endless = message(&["jane@x"], Body::from_stream(chunks));
    let deliver = webhook(port, 200).timeout(Duration::from_secs(5)).oneshot(endless);
    tokio::select! {
        outcome = deliver => outcome.expect("the body is whole").fold().to_string(),
        () = async { serve.await; std::future::pending().await } => unreachable!(),
    }
}

#[tokio::test]
async fn only_whole_messages_are_taken() {
    let early = answered(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(early, "451 4.5.0 the web service took less than the message");
    let refused = answered(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(refused, "552 5.3.4 message too large for the web service");
    for nonsense in [&b""[..], b"220 mx ready\r\n", b"HTTP/1.1 200"] {
        assert_eq!(answered(nonsense).await, "451 4.4.2 no response of the web service");
    }
}

#[tokio::test]
async fn a_service_that_is_away_or_hangs_is_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (body, _) = large();
    let hanging = webhook(port, 200).timeout(Duration::from_millis(50));
    assert_eq!(
        outcome(hanging, message(&["jane@x"], body)).await,
        "451 4.4.2 no response of the web service"
    );
    drop(listener);
    let away = outcome(webhook(port, 200), message(&["jane@x"], CONTENT)).await;
    assert_eq!(away, "451 4.4.1 the web service does not answer");
}

#[tokio::test]
async fn nothing_goes_where_it_may_be_read() {
    let unset = "451 4.3.5 local configuration error, try again later";
    let remote = Webhook::to("http://192.0.2.1/").unwrap();
    assert_eq!(outcome(remote, message(&["jane@x"], CONTENT)).await, unset);
    let (_receiver, port) = receiver();
    let without_tls = Webhook::to(&format!("https://127.0.0.1:{port}/200")).unwrap();
    assert_eq!(outcome(without_tls.clone(), message(&["jane@x"], CONTENT)).await, unset);
    let never = without_tls.tls(smtp_core::client::TlsDecision::Never);
    let insecure = "451 4.7.5 no secure connection to the web service";
    assert_eq!(outcome(never, message(&["jane@x"], CONTENT)).await, insecure);
    assert_eq!(Webhook::to("http://a:b@localhost/").unwrap_err(), EndpointError::UserInfo);
    let unsendable = webhook(1, 200).header("X", &"a\r\nb".into()).unwrap_err();
    assert_eq!(unsendable, HeaderError);
}
