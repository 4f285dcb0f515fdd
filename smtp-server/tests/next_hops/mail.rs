//! What is sent, and what has to arrive of it.

use std::sync::Arc;

use smtp_server::delivery::Relay;
use smtp_server::testing::{domain, facts, recipient, sender};
use smtp_server::{Envelope, Message, Outcomes, Parameter};
use tower::ServiceExt;

/// A message with all that has ever been damaged on the way: dots, octets above 127, lines as long as
/// they may be, trailing blanks, empty lines at the end.
pub(crate) fn content() -> Vec<u8> {
    let mut content = b"From: Sender <sender@example.com>\r\n\
        To: jane@example.net\r\n\
        Subject: a message\r\n\
        Message-ID: <1@client.example>\r\n\
        Date: Sun, 22 Nov 2026 10:00:00 +0000\r\n\
        \r\n\
        .\r\n\
        ..\r\n\
        .dot at the start\r\n\
        From here no > may appear\r\n\
        blanks at the end \t \r\n\
        gr\xc3\xbc\xc3\x9fe \xff\x80\r\n"
        .to_vec();
    content.extend([b'x'; 998]);
    content.extend(b"\r\n\r\n\r\n");
    content
}

/// As it stands in a file: lines end as this system's do.
pub(crate) fn as_stored(content: &[u8]) -> Vec<u8> {
    content.iter().copied().filter(|octet| *octet != b'\r').collect()
}

/// What the server wrote in front of the message, and the message.
pub(crate) fn split_header(mail: &[u8]) -> (String, &[u8]) {
    let message = split_at(mail, b"From: Sender").expect("our first field");
    (String::from_utf8_lossy(&mail[..mail.len() - message.len()]).into_owned(), message)
}

/// What begins with `start`.
pub(crate) fn split_at<'a>(mail: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    mail.windows(start.len()).position(|window| window == start).map(|at| &mail[at..])
}

/// Fails the test unless these are the octets that were sent.
pub(crate) fn assert_same(arrived: &[u8], expected: &[u8]) {
    let shown = |octets: &[u8]| octets.escape_ascii().to_string();
    assert!(arrived == expected, "arrived: {}\nexpected: {}", shown(arrived), shown(expected));
}

/// Passes a message on for Jane; parameters of RCPT are told from those of MAIL.
pub(crate) async fn relay(relay: Relay, parameters: &[&str], content: Vec<u8>) -> Vec<String> {
    let mut envelope = Envelope::new(sender("sender@example.com"));
    let mut jane = recipient("jane@example.net");
    for parameter in parameters.iter().map(|text| Parameter::parse(text).expect("a parameter")) {
        if ["NOTIFY", "ORCPT"].contains(&parameter.keyword()) {
            jane.parameters.insert(parameter);
        } else {
            envelope.sender.parameters.insert(parameter);
        }
    }
    envelope.recipients.push(jane);
    let message = Message::new(Arc::new(envelope), content.into(), facts().session().clone());
    match relay.name(domain("relay.example")).oneshot(message).await.expect("the body is whole") {
        Outcomes::All(reply) => vec![reply.to_string()],
        Outcomes::Each(replies) => replies.iter().map(ToString::to_string).collect(),
    }
}
