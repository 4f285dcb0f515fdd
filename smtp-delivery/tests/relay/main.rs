//! The relay against next hops that follow a script.

mod next_hop;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use next_hop::relay;
use smtp_core::testing::{domain, facts, recipient, sender};
use smtp_core::{Body, BodyErrorKind, BodyWriter, Demand, Envelope, Message, Outcomes, Parameter, Transport};
use smtp_delivery::Relay;
use smtp_delivery::relay::Timeouts;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use tower::ServiceExt;

const BODY: &str = "Subject: hello\r\n\r\n.\r\n..x\r\nworld\r\n";
const PIPELINED: &str = "S: 220 mx ready
    C: EHLO server.example
    S: 250-mx
    S: 250 PIPELINING
    C: MAIL FROM:<joe@example.com>
    C: RCPT TO:<jane@example.org>
    C: RCPT TO:<jim@example.org>
    C: DATA\n";
const CONTENT: &str = "C: Subject: hello
    C:
    C: ..
    C: ...x
    C: world
    C: .\n";
const ACCEPTED: &str = "S: 250 OK\n S: 250 OK\n S: 250 OK\n";
const QUIT: &str = "C: QUIT\n S: 221 bye\n";

const BROKEN: &str = "451 4.4.2 connection to the next hop broke";
const SILENT: &str = "451 4.4.2 next hop did not answer in time";
const UNEXPECTED: &str = "451 4.5.0 unexpected reply from the next hop";

fn message_with(parameters: &[&str], body: impl Into<Body>) -> Message {
    let mut mail = sender("joe@example.com");
    for parameter in parameters {
        mail.parameters.insert(Parameter::parse(parameter).expect("a parameter"));
    }
    let mut envelope = Envelope::new(mail);
    envelope.recipients = vec![recipient("jane@example.org"), recipient("jim@example.org")];
    Message::new(Arc::new(envelope), body.into(), facts().session().clone())
}

fn message(body: impl Into<Body>) -> Message {
    message_with(&[], body)
}

/// The outcomes of a message when the next hop follows the script, as text.
async fn outcomes(script: &str) -> Vec<String> {
    outcomes_of(message(BODY), script).await
}

async fn outcomes_of(message: Message, script: &str) -> Vec<String> {
    let (relay, next_hop) = relay(script);
    let outcomes = relay.oneshot(message).await.expect("the body is whole");
    next_hop.await.expect("the relay follows the script");
    match outcomes {
        Outcomes::All(reply) => vec![reply.to_string()],
        Outcomes::Each(replies) => replies.iter().map(ToString::to_string).collect(),
    }
}

async fn demand(writer: &mut BodyWriter) -> Demand {
    std::future::poll_fn(|cx| writer.poll_demand(cx)).await
}

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

#[tokio::test(start_paused = true)]
async fn each_recipient_has_its_own_outcome() {
    let replies = "S: 250 OK\n S: 550-5.1.1 no such\n S: 550 5.1.1 user\n S: 250 OK\n S: 354 go\n";
    let script = format!("{PIPELINED}{replies}{CONTENT}S: 250 2.0.0 queued\n{QUIT}");
    assert_eq!(outcomes(&script).await, ["550 5.1.1 no such user", "250 2.0.0 queued"]);

    let script = format!("{PIPELINED}{replies}{CONTENT}S: 452 full\n{QUIT}");
    assert_eq!(outcomes(&script).await, ["550 5.1.1 no such user", "452 4.0.0 full"]);

    let script = format!("{PIPELINED}{replies}{CONTENT}close");
    assert_eq!(outcomes(&script).await, ["550 5.1.1 no such user", BROKEN]);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_if_all_are_refused() {
    let refused = "S: 250 OK\n S: 550 5.1.1 no\n S: 451 4.2.1 later\n";
    let expected = ["550 5.1.1 no", "451 4.2.1 later"];
    let script = format!("{PIPELINED}{refused}S: 503 5.5.1 no\n{QUIT}");
    assert_eq!(outcomes(&script).await, expected);
    // Some next hops want content nevertheless.
    let script = format!("{PIPELINED}{refused}S: 354 go\n C: .\n S: 554 nobody\n{QUIT}");
    assert_eq!(outcomes(&script).await, expected);
    let script = format!(
        "S: 220 mx\n C: EHLO server.example\n S: 250 mx\n C: MAIL FROM:<joe@example.com>\n S: 250 OK\n
        C: RCPT TO:<jane@example.org>\n S: 550 5.1.1 no\n
        C: RCPT TO:<jim@example.org>\n S: 550 5.1.1 no\n {QUIT}"
    );
    assert_eq!(outcomes(&script).await, ["550 5.1.1 no"]);
}

#[tokio::test(start_paused = true)]
async fn the_client_is_not_asked_for_a_message_that_is_refused() {
    let (mut writer, body) = Body::channel();
    let script = format!("{PIPELINED}S: 550 5.7.1 no\n S: 503 no\n S: 503 no\n S: 503 no\n{QUIT}");
    assert_eq!(outcomes_of(message(body), &script).await, ["550 5.7.1 no"]);
    assert_eq!(demand(&mut writer).await, Demand::Dropped);
}

#[tokio::test(start_paused = true)]
async fn a_refused_sender_is_the_outcome_of_all() {
    let script =
        format!("{PIPELINED}S: 450 4.7.1 grey\n S: 250 OK\n S: 250 OK\n S: 354 go\n C: .\n S: 250 OK\n");
    assert_eq!(outcomes(&format!("{script}{QUIT}")).await, ["450 4.7.1 grey"]);
    let script = format!("{PIPELINED}S: 550 5.7.1 blocked\n close");
    assert_eq!(outcomes(&script).await, ["550 5.7.1 blocked"]);
    let script =
        "S: 220 mx\n C: EHLO server.example\n S: 250 mx\n C: MAIL FROM:<joe@example.com>\n S: 550 no\n";
    assert_eq!(outcomes(&format!("{script}{QUIT}")).await, ["550 5.0.0 no"]);
}

#[tokio::test(start_paused = true)]
async fn refusals_of_data_and_content_are_passed_on() {
    for (rest, expected) in [
        ("S: 451 4.3.5 no".to_owned(), "451 4.3.5 no"),
        ("S: 250 2.0.0 what".to_owned(), "451 4.5.0 unexpected reply from the next hop"),
        (format!("S: 354 go\n {CONTENT} S: 554-5.7.1 spam\n S: 554 see\n"), "554 5.7.1 spam see"),
        (format!("S: 354 go\n {CONTENT} S: 354 more\n"), "451 4.5.0 unexpected reply from the next hop"),
    ] {
        let script = format!("{PIPELINED}{ACCEPTED}{rest}\n{QUIT}");
        assert_eq!(outcomes(&script).await, [expected], "{rest}");
    }
    // 421 would close our own session.
    let script = format!("{PIPELINED}{ACCEPTED}S: 354 go\n {CONTENT} S: 421 4.3.2 going down\n");
    assert_eq!(outcomes(&script).await, ["451 4.3.2 going down"]);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_refused_is_a_temporary_failure() {
    for script in ["S: 554 no\n C: QUIT\n S: 221 bye", "S: 421 busy", "S: 250 hello\n C: QUIT\n close"] {
        assert_eq!(outcomes(script).await, ["451 4.3.0 next hop takes no messages now"]);
    }
    let hello = "S: 220 mx\n C: EHLO server.example\n";
    for rest in ["S: 451 no\n", "S: 550 no\n C: HELO server.example\n S: 550 no\n"] {
        let script = format!("{hello}{rest}{QUIT}");
        assert_eq!(outcomes(&script).await, ["451 4.3.0 next hop takes no messages now"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_cut_or_silent_anywhere_is_a_temporary_failure() {
    let whole = format!("{PIPELINED}{ACCEPTED}S: 354 go\n{CONTENT}");
    let steps: Vec<&str> = whole.lines().collect();
    let content = steps.len() - CONTENT.lines().count();
    for end in (0..=content).chain([steps.len()]) {
        let begun = steps[..end].join("\n");
        assert_eq!(outcomes(&format!("{begun}\nclose")).await, [BROKEN], "{begun}");
        assert_eq!(outcomes(&format!("{begun}\nhang")).await, [SILENT], "{begun}");
    }
    let within_a_line = "S: 220 mx\n C: EHLO server.example\n S~ 25\n";
    assert_eq!(outcomes(&format!("{within_a_line}close")).await, [BROKEN]);
    assert_eq!(outcomes(&format!("{within_a_line}hang")).await, [SILENT]);
}

#[tokio::test(start_paused = true)]
async fn each_step_has_its_time() {
    let mut timeouts = Timeouts::default();
    timeouts.greeting = Duration::from_secs(1);
    timeouts.hello = Duration::from_secs(2);
    timeouts.mail = Duration::from_secs(3);
    timeouts.rcpt = Duration::from_secs(4);
    timeouts.data = Duration::from_secs(5);
    timeouts.end_of_data = Duration::from_secs(6);
    for (script, seconds) in [
        (String::new(), 1),
        ("S: 220 mx\n C: EHLO server.example".to_owned(), 2),
        (PIPELINED.to_owned(), 3),
        (format!("{PIPELINED} S: 250 OK"), 4),
        (format!("{PIPELINED}{ACCEPTED}"), 5),
        (format!("{PIPELINED}{ACCEPTED} S: 354 go\n {CONTENT}"), 6),
    ] {
        let (relay, _next_hop) = relay(&format!("{script}\n hang"));
        let start = Instant::now();
        let outcomes = relay.timeouts(timeouts).oneshot(message(BODY)).await.unwrap();
        assert_eq!(outcomes.fold().to_string(), "451 4.4.2 next hop did not answer in time");
        // The script looks for a millisecond or so whether more is coming.
        assert_eq!(start.elapsed().as_secs(), seconds);
    }
}

#[tokio::test(start_paused = true)]
async fn garbage_is_a_temporary_failure() {
    let long = format!("S: 220 {}", "x".repeat(3000));
    let endless = format!("S~ 220 {}\n hang", "x".repeat(60_000));
    let malformed = "451 4.5.0 malformed reply from the next hop";
    for (script, expected) in [
        ("S: hello", malformed),
        ("S: 2", malformed),
        ("S: 999 no", malformed),
        ("S~ \\r\\n", malformed),
        ("S: 220-a\n S: 250 b", malformed),
        ("S~ 220 a\nhang", SILENT),
        (&long, UNEXPECTED),
        (&endless, SILENT),
        // Replies that nobody asked for would be taken for those to later commands.
        ("S~ 220 a\\r\\n250 b\\r\\n\n", UNEXPECTED),
    ] {
        assert_eq!(outcomes(script).await, [expected], "{script:.40}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_before_the_content_is_not_believed() {
    let script = format!("{PIPELINED}{ACCEPTED}S~ 354 go\\r\\n250 2.0.0 queued\\r\\n\n");
    assert_eq!(outcomes(&script).await, [UNEXPECTED]);
}

#[tokio::test(start_paused = true)]
async fn a_next_hop_that_cannot_be_reached_is_a_temporary_failure() {
    let expected = "451 4.4.1 next hop does not answer";
    let refusing = Relay::over(|| async { Err(io::ErrorKind::ConnectionRefused.into()) });
    assert_eq!(refusing.oneshot(message(BODY)).await.unwrap().fold().to_string(), expected);
    let silent = Relay::over(std::future::pending::<io::Result<Transport>>);
    assert_eq!(silent.oneshot(message(BODY)).await.unwrap().fold().to_string(), expected);
    // Nobody listens on a port that was just given back.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let outcomes = Relay::to("127.0.0.1", port).oneshot(message(BODY)).await.unwrap();
    assert_eq!(outcomes.fold().to_string(), expected);
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
async fn parameters_are_passed_on_where_they_are_known() {
    let refused = "554 5.6.3 next hop does not take this kind of content";
    for (offers, parameters, expected) in [
        ("", &["SIZE=10"][..], Ok("")),
        ("SIZE", &["SIZE=10", "AUTH=<>"], Ok(" SIZE=10")),
        ("SIZE", &[], Ok("")),
        ("8BITMIME", &["SIZE=10", "BODY=8BITMIME"], Ok(" BODY=8BITMIME")),
        ("8BITMIME", &["BODY=7BIT"], Ok(" BODY=7BIT")),
        ("SIZE", &["BODY=7BIT"], Ok("")),
        ("SIZE", &["BODY=8BITMIME"], Err(refused)),
        ("8BITMIME", &["BODY=BINARYMIME"], Err(refused)),
    ] {
        let hello = format!("S: 220 mx\n C: EHLO server.example\n S: 250-mx\n S: 250 {offers}\n");
        let script = match expected {
            Ok(text) => format!("{hello} C: MAIL FROM:<joe@example.com>{text}\n S: 550 5.7.1 no\n {QUIT}"),
            Err(_) => format!("{hello}{QUIT}"),
        };
        let found = outcomes_of(message_with(parameters, BODY), &script).await;
        assert_eq!(found, [expected.err().unwrap_or("550 5.7.1 no")], "{offers} {parameters:?}");
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
async fn a_next_hop_that_hangs_up_within_the_content_may_say_why() {
    let large = || Body::from("x\r\n".repeat(200_000).into_bytes());
    let script = format!("{PIPELINED}{ACCEPTED}S: 354 go\n C: x\n");
    let why = format!("{script}S~ 552 5.3.4 too much\\r\\n\nclose");
    assert_eq!(outcomes_of(message(large()), &why).await, ["552 5.3.4 too much"]);
    assert_eq!(outcomes_of(message(large()), &format!("{script}close")).await, [BROKEN]);
}

#[tokio::test(start_paused = true)]
async fn a_next_hop_that_takes_no_content_is_given_up() {
    let script = format!("{PIPELINED}{ACCEPTED}S: 354 go\n C: x\n stop");
    let (relay, next_hop) = relay(&script);
    let start = Instant::now();
    let large = Body::from("x\r\n".repeat(200_000).into_bytes());
    let outcomes = relay.oneshot(message(large)).await.unwrap();
    assert_eq!(outcomes.fold().to_string(), SILENT);
    // Three minutes to take a block, and two seconds to say why not.
    assert_eq!(start.elapsed().as_secs(), 182);
    next_hop.abort();
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
