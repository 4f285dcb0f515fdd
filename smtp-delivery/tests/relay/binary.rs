//! Content that only BDAT carries (RFC 3030).

use std::sync::{Arc, Mutex};
use std::time::Duration;

use smtp_core::testing::{facts, recipient, sender};
use smtp_core::{Body, BodyErrorKind, Demand, Envelope, Message, Parameter, Transport};
use smtp_delivery::Relay;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::task::JoinHandle;
use tower::ServiceExt;

use super::{as_text, demand};

const KIB: usize = 1024;

/// The chunks that came, with whether each was the last, and what was said behind them.
#[derive(Debug, Default)]
struct Heard {
    chunks: Vec<(Vec<u8>, bool)>,
    behind: String,
}

/// A next hop that takes binary content and answers the chunks as it is told; what is behind a `|` it says a
/// second later.
fn relay(answers: &'static [&'static str]) -> (Relay, JoinHandle<Heard>) {
    let (near, far) = tokio::io::duplex(256 * KIB);
    let task = tokio::spawn(listen(far, answers));
    let near = Mutex::new(Some(Transport::new(near)));
    let relay = Relay::over(move || {
        let near = near.lock().expect("no panic").take();
        async { near.ok_or_else(|| std::io::ErrorKind::ConnectionRefused.into()) }
    });
    (relay, task)
}

async fn listen(stream: DuplexStream, answers: &[&str]) -> Heard {
    let mut stream = BufReader::new(stream);
    let (mut heard, mut answers) = (Heard::default(), answers.iter());
    stream.write_all(b"220 mx\r\n").await.expect("somebody reads");
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await.expect("a line") == 0 {
            return heard;
        }
        let answer = match line.strip_prefix("BDAT ").map(str::trim_end) {
            Some(size) => {
                let (size, last) = size.strip_suffix(" LAST").map_or((size, false), |size| (size, true));
                let mut content = vec![0; size.parse().expect("a size")];
                if stream.read_exact(&mut content).await.is_err() {
                    return heard;
                }
                heard.chunks.push((content, last));
                *answers.next().expect("no more chunks")
            }
            None if line.starts_with("EHLO") => "250-mx\r\n250-BINARYMIME\r\n250 CHUNKING",
            None if line.contains("bad@") => "550 5.1.1 no",
            None => "250 OK",
        };
        if !heard.chunks.is_empty() && !line.starts_with("BDAT") {
            heard.behind.push_str(&line);
        }
        for (index, answer) in answer.split('|').enumerate() {
            tokio::time::sleep(Duration::from_secs(index as u64)).await;
            // Who was refused may be gone.
            let _ = stream.write_all(format!("{answer}\r\n").as_bytes()).await;
        }
    }
}

fn message(recipients: &[&str], body: impl Into<Body>) -> Message {
    let mut envelope = Envelope::new(sender("joe@example.com"));
    let kind = Parameter::parse("BODY=BINARYMIME").expect("a parameter");
    envelope.sender.parameters.insert(kind);
    envelope.recipients = recipients.iter().copied().map(recipient).collect();
    Message::new(Arc::new(envelope), body.into(), facts().session().clone())
}

#[tokio::test]
async fn content_goes_as_it_is() {
    for content in ["", "\n", ".\r\n", "\r\n.\r\n", "a\n.\nb\r.\r\0\r\n.\r\nQUIT\r\n", "\u{ff}."] {
        let (relay, task) = relay(&["250 2.0.0 queued"]);
        let outcomes =
            relay.oneshot(message(&["jane@x", "bad@x"], content.as_bytes().to_vec())).await.unwrap();
        assert_eq!(as_text(&outcomes), ["250 2.0.0 queued", "550 5.1.1 no"]);
        let heard = task.await.unwrap();
        assert_eq!(heard.chunks, [(content.as_bytes().to_vec(), true)]);
        assert_eq!(heard.behind, "QUIT\r\n");
    }
}

#[tokio::test]
async fn chunks_are_bounded_however_the_content_comes() {
    let content: Vec<u8> = (0..200 * KIB).map(|number| (number % 251) as u8).collect();
    for size in [1000, 64 * KIB, 65 * KIB, 200 * KIB] {
        let (relay, task) = relay(&["250 OK", "250 OK", "250 OK", "250 2.0.0 queued"]);
        let pieces: Vec<_> = content.chunks(size).map(|piece| Ok(piece.to_vec().into())).collect();
        let body = Body::from_stream(futures::stream::iter(pieces));
        let outcomes = relay.oneshot(message(&["jane@x"], body)).await.unwrap();
        assert_eq!(as_text(&outcomes), ["250 2.0.0 queued"]);
        let heard = task.await.unwrap();
        assert!(heard.chunks.iter().all(|(chunk, _)| chunk.len() <= 64 * KIB));
        let last: Vec<bool> = heard.chunks.iter().map(|(_, last)| *last).collect();
        assert_eq!(last, [false, false, false, true], "{size}");
        assert!(heard.chunks.into_iter().flat_map(|(chunk, _)| chunk).eq(content.iter().copied()));
    }
}

#[tokio::test]
async fn a_chunk_that_is_refused_is_the_last_word() {
    for (answers, expected) in [
        (&["552 5.3.4 too large"][..], "552 5.3.4 too large"),
        (&["250 OK", "452 4.3.1 full"], "452 4.3.1 full"),
        (&["354 go on"], "451 4.5.0 unexpected reply from the next hop"),
        (&["250 OK", "421 4.3.2 going down"], "451 4.3.2 going down"),
    ] {
        let (relay, task) = relay(answers);
        let outcomes = relay.oneshot(message(&["jane@x"], vec![b'x'; 300 * KIB])).await.unwrap();
        assert_eq!(as_text(&outcomes), [expected]);
        let heard = task.await.unwrap();
        assert_eq!((heard.chunks.len(), heard.behind.as_str()), (answers.len(), ""));
    }
    let (relay, task) = relay(&["554 5.7.1 spam"]);
    let outcomes = relay.oneshot(message(&["jane@x"], "a\r\n")).await.unwrap();
    assert_eq!(as_text(&outcomes), ["554 5.7.1 spam"]);
    assert_eq!(task.await.unwrap().behind, "QUIT\r\n");
}

#[tokio::test]
async fn a_body_that_breaks_has_no_last_chunk() {
    let (mut writer, body) = Body::channel();
    let (relay, task) = relay(&["250 OK"]);
    let feed = async {
        demand(&mut writer).await;
        writer.send(vec![b'x'; 64 * KIB].into());
        demand(&mut writer).await;
        writer.send("y".into());
        demand(&mut writer).await;
        writer.fail(BodyErrorKind::TooLarge);
    };
    let (outcome, ()) = tokio::join!(relay.oneshot(message(&["jane@x"], body)), feed);
    assert_eq!(outcome, Err(BodyErrorKind::TooLarge.into()));
    let heard = task.await.unwrap();
    assert_eq!(heard.chunks.iter().map(|(_, last)| *last).collect::<Vec<_>>(), [false]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_is_no_silence_for_the_next_hop() {
    let (mut writer, body) = Body::channel();
    let (relay, task) = relay(&["250 OK", "250 2.0.0 queued"]);
    let feed = async {
        demand(&mut writer).await;
        writer.send("a".into());
        tokio::time::sleep(Duration::from_secs(40)).await;
        demand(&mut writer).await;
        writer.send("b".into());
        demand(&mut writer).await;
        writer.finish();
    };
    let (outcomes, ()) = tokio::join!(relay.oneshot(message(&["jane@x"], body)), feed);
    assert_eq!(as_text(&outcomes.unwrap()), ["250 2.0.0 queued"]);
    assert_eq!(task.await.unwrap().chunks, [(b"a".to_vec(), false), (b"b".to_vec(), true)]);
}

#[tokio::test(start_paused = true)]
async fn what_is_said_before_the_last_chunk_is_no_answer_to_it() {
    for (answer, expected) in [
        ("250 OK|250 2.0.0 queued", "451 4.5.0 unexpected reply from the next hop"),
        ("250 OK|552 5.3.4 too large", "552 5.3.4 too large"),
    ] {
        let (mut writer, body) = Body::channel();
        let answers: &'static [&'static str] = Vec::leak(vec![answer]);
        let (relay, task) = relay(answers);
        let feed = async {
            demand(&mut writer).await;
            writer.send(vec![b'x'; 64 * KIB].into());
            demand(&mut writer).await;
            writer.send("y".into());
            tokio::time::sleep(Duration::from_secs(10)).await;
            demand(&mut writer).await;
            writer.finish();
        };
        let (outcomes, ()) = tokio::join!(relay.oneshot(message(&["jane@x"], body)), feed);
        assert_eq!(as_text(&outcomes.unwrap()), [expected]);
        let heard = task.await.unwrap();
        assert_eq!(heard.chunks.iter().map(|(_, last)| *last).collect::<Vec<_>>(), [false]);
    }
}

#[tokio::test]
async fn who_is_refused_is_not_asked_for_content() {
    let (mut writer, body) = Body::channel();
    let (relay, task) = relay(&[]);
    let outcomes = relay.oneshot(message(&["bad@x"], body)).await.unwrap();
    assert_eq!(as_text(&outcomes), ["550 5.1.1 no"]);
    assert_eq!(demand(&mut writer).await, Demand::Dropped);
    assert!(task.await.unwrap().chunks.is_empty());
}
