//! Next hops that are gone, silent or talk nonsense.

use std::io;
use std::time::Duration;

use smtp_core::{Body, Transport};
use smtp_delivery::Relay;
use smtp_delivery::relay::Timeouts;
use tokio::time::Instant;
use tower::ServiceExt;

use super::next_hop::{relay, relays};
use super::{
    ACCEPTED, BODY, BROKEN, CONTENT, PIPELINED, QUIT, SILENT, UNEXPECTED, as_text, message, outcomes,
    outcomes_of,
};

#[tokio::test(start_paused = true)]
async fn a_session_that_is_refused_is_a_temporary_failure() {
    for script in ["S: 554 no\n C: QUIT\n S: 221 bye", "S: 421 busy", "S: 250 hello\n C: QUIT\n close"] {
        assert_eq!(outcomes(script).await, ["451 4.3.0 next hop takes no messages now"]);
    }
    let hello = "S: 220 mx\n C: EHLO server.example\n";
    let helo = "S: 550 no\n C: HELO server.example\n S: 550 no\n";
    for rest in ["S: 451 no\n", "S: 554 no\n", "S: 503 no\n", "S: 530 no\n", helo] {
        let script = format!("{hello}{rest}{QUIT}");
        assert_eq!(outcomes(&script).await, ["451 4.3.0 next hop takes no messages now"]);
    }
}

#[tokio::test(start_paused = true)]
async fn control_characters_in_an_answer_go_no_further() {
    let refusal = "550 5.7.1 \u{1b}[31mno\tx\u{85}\0y";
    let hello = "S: 220 mx\n C: EHLO server.example\n S: 250 mx\n";
    let script = format!("{hello} C: MAIL FROM:<joe@example.com>\n S: {refusal}\n{QUIT}");
    assert_eq!(outcomes(&script).await, ["550 5.7.1 ?[31mno?x??y"]);
}

#[tokio::test(start_paused = true)]
async fn a_long_answer_is_cut_short() {
    let lines =
        |code: &str| format!("S: {code}-{}\n", "no ".repeat(600)).repeat(3) + &format!("S: {code} no\n");
    let script = format!("{PIPELINED}{}{}{}{QUIT}", lines("550"), lines("550"), lines("550"));
    let script = script.replace("C: QUIT", "S: 503 what?\n C: QUIT");
    let found = outcomes(&script).await;
    assert!(found[0].starts_with("550 5.0.0 no no") && found[0].len() < 2100, "{found:?}");
    let script = format!("{PIPELINED}{ACCEPTED}S: 354 go\n{CONTENT}{}{QUIT}", lines("250"));
    let found = outcomes(&script).await;
    assert!(found[0].starts_with("250 2.0.0 no no") && found[0].len() < 2100, "{found:?}");
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
async fn a_next_hop_may_take_its_leave_at_any_point() {
    let leave = "S: 421 4.3.2 going down\n close";
    let all = || vec!["451 4.3.2 going down"];
    for (replies, expected) in [
        ("", all()),
        ("S: 250 OK\n", all()),
        ("S: 250 OK\n S: 250 OK\n", all()),
        ("S: 250 OK\n S: 550 5.1.1 no\n", vec!["550 5.1.1 no", "451 4.3.2 going down"]),
        ("S: 250 OK\n S: 250 OK\n S: 250 OK\n", all()),
        ("S: 250 OK\n S: 550 5.1.1 no\n S: 550 5.1.1 no\n", vec!["550 5.1.1 no"]),
        // The sender's refusal is what the client can do something about.
        ("S: 550 5.7.1 blocked\n", vec!["550 5.7.1 blocked"]),
    ] {
        let script = format!("{PIPELINED}{replies}{leave}");
        assert_eq!(outcomes(&script).await, expected, "{replies}");
    }
    let one_by_one = "S: 220 mx\n C: EHLO server.example\n S: 250 mx\n C: MAIL FROM:<joe@example.com>\n";
    for accepted in ["", "S: 250 OK\n C: RCPT TO:<jane@example.org>\n"] {
        let script = format!("{one_by_one}{accepted}{leave}");
        assert_eq!(outcomes(&script).await, all(), "{accepted}");
    }
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
async fn all_recipients_together_have_their_time() {
    let mut timeouts = Timeouts::default();
    timeouts.recipients = Duration::from_secs(7);
    let parts =
        "S: 220 mx\n C: EHLO server.example\n S: 250-mx\n S: 250 LIMITS RCPTMAX=1\n C: QUIT\n S: 221 bye";
    let part = "S: 220 mx\n C: EHLO server.example\n S: 250-mx\n S: 250 LIMITS RCPTMAX=1\n
        C: MAIL FROM:<joe@example.com>\n S: 250 OK\n C: RCPT TO:<jane@example.org>\n hang";
    for (scripts, expected) in [
        (&[&*format!("{PIPELINED} S: 250 OK\n S: 550 5.1.1 no\n hang")][..], &["550 5.1.1 no", SILENT][..]),
        // The second part is not even tried: there is no script for it.
        (&[parts, part], &[SILENT]),
    ] {
        let (relay, _next_hops) = relays(scripts);
        let start = Instant::now();
        let outcomes = relay.timeouts(timeouts).oneshot(message(BODY)).await.unwrap();
        assert_eq!(
            (as_text(&outcomes), start.elapsed().as_secs()),
            (expected.iter().map(ToString::to_string).collect(), 7)
        );
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
