//! Next hops that refuse.

use smtp_core::client::Destination;
use smtp_core::{Acceptance, Body, Demand, Remote, Reply};
use tower::ServiceExt;

use super::next_hop::relay;
use super::{ACCEPTED, BODY, BROKEN, CONTENT, PIPELINED, QUIT, demand, message, outcomes, outcomes_of};

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
async fn who_said_it_goes_with_what_was_said() {
    let dsn = PIPELINED.replace("S: 250 PIPELINING", "S: 250-PIPELINING\n S: 250 DSN");
    let mx = |acceptance| Some(Remote::new("mx.example.org", acceptance));
    let accepted = format!("{ACCEPTED}S: 354 go\n {CONTENT} S: 250 queued\n{QUIT}");
    for (script, expected) in [
        (format!("{PIPELINED}{accepted}"), mx(Acceptance::Relayed)),
        (format!("{dsn}{accepted}"), mx(Acceptance::PassedOn)),
        (format!("{PIPELINED}S: 421 busy"), mx(Acceptance::Relayed)),
        (format!("{PIPELINED}{ACCEPTED}S: 452 full\n{QUIT}"), mx(Acceptance::Relayed)),
        // What it did not say.
        (format!("{PIPELINED}{ACCEPTED}close"), None),
        (format!("{PIPELINED}{ACCEPTED}S: 250 what\n{QUIT}"), None),
    ] {
        let (relay, next_hop) = relay(&script);
        let relay = relay.destination(Destination::new("mx.example.org", 25));
        let reply = relay.oneshot(message(BODY)).await.unwrap().fold();
        next_hop.await.unwrap();
        assert_eq!(reply.remote(), expected.as_ref(), "{script}");
    }
    let script = format!("{PIPELINED}S: 250 OK\n S: 552 full\n S: 250 OK\n S: 354 go\n {CONTENT} close");
    let (relay, _next_hop) = relay(&script);
    let outcomes = relay.oneshot(message(BODY)).await.unwrap();
    let smtp_core::Outcomes::Each(replies) = outcomes else { panic!("{outcomes:?}") };
    let said = |reply: &Reply| reply.remote().is_some();
    assert_eq!(replies.iter().map(said).collect::<Vec<_>>(), [true, false]);
}
