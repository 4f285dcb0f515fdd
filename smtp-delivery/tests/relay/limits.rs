//! A next hop that takes fewer recipients at once than a message has (RFC 9422).

use std::sync::{Arc, Mutex};

use smtp_core::testing::{facts, recipient, sender};
use smtp_core::{Body, BodyErrorKind, Envelope, Message, Transport};
use smtp_delivery::Relay;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tower::ServiceExt;

use super::{as_text, demand};

type Heard = Arc<Mutex<Vec<String>>>;

/// Next hops that offer these limits, refuse `bad@`, and write down what each connection says.
fn relay(limits: &'static str) -> (Relay, Heard) {
    let heard = Heard::default();
    let talks = heard.clone();
    let relay = Relay::over(move || {
        let (near, far) = tokio::io::duplex(64 * 1024);
        let talks = talks.clone();
        tokio::spawn(async move {
            let talk = talk(far, limits).await;
            talks.lock().expect("no panic").push(talk);
        });
        async { Ok(Transport::new(near)) }
    });
    (relay, heard)
}

async fn talk(stream: tokio::io::DuplexStream, limits: &str) -> String {
    let (read, mut write) = tokio::io::split(stream);
    let mut lines = BufReader::new(read).lines();
    let (mut heard, mut content) = (String::new(), false);
    write.write_all(b"220 mx\r\n").await.expect("somebody reads");
    while let Some(line) = lines.next_line().await.expect("lines") {
        heard.push_str(&line);
        heard.push('|');
        let answer = match line.split(' ').next().unwrap_or_default() {
            "." => "250 2.0.0 queued\r\n".to_owned(),
            _ if content => continue,
            "EHLO" => format!("250-mx\r\n250-PIPELINING\r\n250 {limits}\r\n"),
            "DATA" => "354 go\r\n".to_owned(),
            _ if line.contains("bad@") => "550 5.1.1 no\r\n".to_owned(),
            _ => "250 OK\r\n".to_owned(),
        };
        content = line == "DATA" || (content && line != ".");
        write.write_all(answer.as_bytes()).await.expect("somebody reads");
    }
    heard
}

fn message(recipients: &[&str], body: Body) -> Message {
    let mut envelope = Envelope::new(sender("joe@example.com"));
    envelope.recipients = recipients.iter().copied().map(recipient).collect();
    Message::new(Arc::new(envelope), body, facts().session().clone())
}

#[tokio::test]
async fn a_message_goes_in_parts() {
    let (relay, heard) = relay("LIMITS RCPTMAX=2 MAILMAX=1");
    let message = message(&["a@x", "bad@x", "c@x", "d@x", "e@x"], "hello\r\n".into());
    let outcomes = relay.oneshot(message).await.unwrap();
    let queued = "250 2.0.0 queued";
    assert_eq!(as_text(&outcomes), [queued, "550 5.1.1 no", queued, queued, queued]);
    let heard = heard.lock().unwrap();
    let begin = "EHLO server.example|";
    let mail = "MAIL FROM:<joe@example.com>|";
    let end = "DATA|hello|.|QUIT|";
    let expected = [
        // The first one only finds the limits out.
        format!("{begin}QUIT|"),
        format!("{begin}{mail}RCPT TO:<a@x>|RCPT TO:<bad@x>|{end}"),
        format!("{begin}{mail}RCPT TO:<c@x>|RCPT TO:<d@x>|{end}"),
        format!("{begin}{mail}RCPT TO:<e@x>|{end}"),
    ];
    // A task ends when it has seen the connection closed.
    assert_eq!(heard[..3], expected[..3]);
}

#[tokio::test]
async fn a_message_that_fits_goes_at_once() {
    let (relay, heard) = relay("LIMITS RCPTMAX=2");
    let outcomes = relay.oneshot(message(&["a@x", "b@x"], "hello\r\n".into())).await.unwrap();
    assert_eq!(as_text(&outcomes), ["250 2.0.0 queued"]);
    tokio::task::yield_now().await;
    assert!(heard.lock().unwrap().len() <= 1);
}

#[tokio::test]
async fn a_body_that_breaks_goes_to_nobody() {
    let (relay, heard) = relay("LIMITS RCPTMAX=1");
    let (mut writer, body) = Body::channel();
    let feed = async {
        demand(&mut writer).await;
        writer.send("a\r\n".into());
        demand(&mut writer).await;
        writer.fail(BodyErrorKind::TooLarge);
    };
    let (outcome, ()) = tokio::join!(relay.oneshot(message(&["a@x", "b@x"], body)), feed);
    assert_eq!(outcome, Err(BodyErrorKind::TooLarge.into()));
    assert!(heard.lock().unwrap().iter().all(|talk| !talk.contains("MAIL")));
}
