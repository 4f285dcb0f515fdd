//! What is said to the next hop.

use std::sync::Arc;
use std::time::Duration;

use smtp_core::testing::{domain, facts, recipient, sender};
use smtp_core::{Body, BodyErrorKind, Envelope, Message};
use smtp_delivery::Relay;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use tower::ServiceExt;

use super::next_hop::relay;
use super::{ACCEPTED, BODY, CONTENT, PIPELINED, QUIT, demand, message, message_with, outcomes, outcomes_of};

#[tokio::test(start_paused = true)]
async fn a_message_is_pipelined() {
    let replies = "S: 250 2.1.0 OK\n S: 250 2.1.5 OK\n S: 250 2.1.5 OK\n S: 354 go\n";
    let script = format!("{PIPELINED}{replies}{CONTENT}S: 250 2.0.0 queued as 1\n{QUIT}");
    assert_eq!(outcomes(&script).await, ["250 2.0.0 queued as 1"]);
}

#[tokio::test(start_paused = true)]
async fn without_pipelining_each_command_waits() {
    let script = format!(
        "S: 220-mx\n S: 220 ready\n C: EHLO server.example\n S: 250 mx\n
        C: MAIL FROM:<joe@example.com>\n S: 250 OK\n
        C: RCPT TO:<jane@example.org>\n S: 250 OK\n
        C: RCPT TO:<jim@example.org>\n S: 250 OK\n
        C: DATA\n S: 354 go\n {CONTENT} S: 250 queued\n {QUIT}"
    );
    assert_eq!(outcomes(&script).await, ["250 2.0.0 queued"]);
}

#[tokio::test(start_paused = true)]
async fn falls_back_to_helo() {
    let script = format!(
        "S: 220 mx\n C: EHLO server.example\n S: 502 what?\n C: HELO server.example\n S: 250 mx\n
        C: MAIL FROM:<joe@example.com>\n S: 250 OK\n
        C: RCPT TO:<jane@example.org>\n S: 250 OK\n
        C: RCPT TO:<jim@example.org>\n S: 250 OK\n
        C: DATA\n S: 354 go\n {CONTENT} S: 250 queued\n {QUIT}"
    );
    assert_eq!(outcomes_of(message_with(&["SIZE=10"], BODY), &script).await, ["250 2.0.0 queued"]);
}

#[tokio::test(start_paused = true)]
async fn its_own_name_can_be_chosen() {
    let (relay, next_hop) = relay("S: 220 mx\n C: EHLO out.example\n S: 421 later\n");
    let outcomes = relay.name(domain("out.example")).oneshot(message(BODY)).await.unwrap();
    assert_eq!(outcomes.fold().to_string(), "451 4.3.0 next hop takes no messages now");
    next_hop.await.unwrap();
}

#[tokio::test]
async fn reaches_a_host_by_tcp() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let relay = Relay::to("127.0.0.1", port);
    assert_eq!(format!("{relay:?}"), format!("Relay {{ next_hop: \"127.0.0.1:{port}\", .. }}"));
    let next_hop = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"421 busy\r\n").await.unwrap();
    };
    let (outcomes, ()) = tokio::join!(relay.oneshot(message(BODY)), next_hop);
    assert_eq!(outcomes.unwrap().fold().to_string(), "451 4.3.0 next hop takes no messages now");
}

#[tokio::test(start_paused = true)]
async fn addresses_are_passed_on_as_they_were_written() {
    for (from, to) in [
        (r#""joe doe"@Example.COM"#, r#""a\"b\\c"@Example.ORG"#),
        (r#""jo\e"@[192.0.2.1]"#, r#""joe"@[IPv6:2001:db8::1]"#),
        ("", "Joe+Tag%x!y@example.org"),
    ] {
        let script = format!(
            "S: 220 mx\n C: EHLO server.example\n S: 250 mx\n C: MAIL FROM:<{from}>\n S: 250 OK\n
            C: RCPT TO:<{to}>\n S: 550 5.1.1 no\n {QUIT}"
        );
        let mut envelope = Envelope::new(sender(from));
        envelope.recipients.push(recipient(to));
        let message = Message::new(Arc::new(envelope), Body::empty(), facts().session().clone());
        assert_eq!(outcomes_of(message, &script).await, ["550 5.1.1 no"]);
    }
}

#[tokio::test(start_paused = true)]
async fn content_is_stuffed_and_ended_however_it_is_divided() {
    for content in ["", ".", ".\r\n", "a\r\n.\r\n..b\r\n.", "a\r\n\r\n.c", "a."] {
        let stuffed: String = content.split_terminator("\r\n").fold(String::new(), |script, line| {
            let dot = if line.starts_with('.') { "." } else { "" };
            script + "C: " + dot + line + "\n"
        });
        let script = format!("{PIPELINED}{ACCEPTED}S: 354 go\n{stuffed}C: .\nS: 250 queued\n{QUIT}");
        for size in 1..=content.len().max(1) {
            let chunks: Vec<_> =
                content.as_bytes().chunks(size).map(|chunk| Ok(chunk.to_vec().into())).collect();
            let body = Body::from_stream(futures::stream::iter(chunks));
            assert_eq!(outcomes_of(message(body), &script).await, ["250 2.0.0 queued"], "{content:?} {size}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_is_never_ended() {
    let (mut writer, body) = Body::channel();
    // Behind the script, the relay must close without having sent more.
    let (relay, next_hop) = relay(&format!("{PIPELINED}{ACCEPTED}S: 354 go\n"));
    let feed = async {
        demand(&mut writer).await;
        writer.send("a\r\n".into());
        demand(&mut writer).await;
        writer.fail(BodyErrorKind::TooLarge);
    };
    let (outcome, ()) = tokio::join!(relay.oneshot(message(body)), feed);
    assert_eq!(outcome, Err(BodyErrorKind::TooLarge.into()));
    next_hop.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn content_is_passed_on_piece_by_piece() {
    let (mut writer, body) = Body::channel();
    let line = "x".repeat(998);
    let lines = 1000;
    let content = format!("C: {line}\n").repeat(lines);
    let script = format!("{PIPELINED}{ACCEPTED}S: 354 go\n{content}C: .\nS: 250 queued\n{QUIT}");
    let feed = async {
        for _ in 0..lines {
            demand(&mut writer).await;
            writer.send(format!("{line}\r\n").into());
        }
        demand(&mut writer).await;
        writer.finish();
    };
    let (found, ()) = tokio::join!(outcomes_of(message(body), &script), feed);
    assert_eq!(found, ["250 2.0.0 queued"]);
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_is_no_silence_for_the_next_hop() {
    let (mut writer, body) = Body::channel();
    let (relay, next_hop) = relay(&format!("{PIPELINED}{ACCEPTED}S: 354 go\nC: a\nC: a\nclose"));
    let start = Instant::now();
    let heard = async {
        next_hop.await.unwrap();
        start.elapsed().as_secs()
    };
    let feed = async {
        for _ in 0..20 {
            demand(&mut writer).await;
            writer.send("a\r\n".into());
            tokio::time::sleep(Duration::from_secs(20)).await;
        }
    };
    tokio::select! {
        seconds = heard => assert_eq!(seconds, 30),
        _ = async { tokio::join!(relay.oneshot(message(body)), feed) } => panic!("nothing was heard"),
    }
}

#[tokio::test(start_paused = true)]
async fn many_recipients_are_sent_in_groups() {
    let mut envelope = Envelope::new(sender(""));
    envelope.recipients = (0..250).map(|number| recipient(&format!("r{number}@x"))).collect();
    let mut script = "S: 220 mx\n C: EHLO server.example\n S: 250-mx\n S: 250 PIPELINING\n".to_owned();
    let commands: Vec<String> = std::iter::once("MAIL FROM:<>".to_owned())
        .chain((0..250).map(|number| format!("RCPT TO:<r{number}@x>")))
        .chain(["DATA".to_owned()])
        .collect();
    for group in commands.chunks(100) {
        group.iter().for_each(|command| script.push_str(&format!("C: {command}\n")));
        for command in group {
            let refused = command.contains("r200@");
            script.push_str(match &command[..4] {
                "DATA" => "S: 354 go\n",
                _ if refused => "S: 550 5.1.1 no\n",
                _ => "S: 250 OK\n",
            });
        }
    }
    script.push_str(&format!("C: .\nS: 250 queued\n{QUIT}"));
    let message = Message::new(Arc::new(envelope), Body::empty(), facts().session().clone());
    let found = outcomes_of(message, &script).await;
    assert_eq!(found.len(), 250);
    for (number, reply) in found.iter().enumerate() {
        assert_eq!(reply, if number == 200 { "550 5.1.1 no" } else { "250 2.0.0 queued" });
    }
}
