//! Servers of LMTP (RFC 2033), which answer for each recipient.

use std::sync::Arc;

use smtp_core::testing::{facts, recipient, sender};
use smtp_core::{Acceptance, Body, Envelope, Message, Outcomes, Parameter};
use smtp_delivery::Lmtp;
use smtp_delivery::relay::{Pool, PoolOptions};
use tower::{Service, ServiceExt};

use super::next_hop::next_hop;
use super::{BODY, BROKEN, CONTENT, QUIT, SILENT, UNEXPECTED, as_text, message, message_with};

const MALFORMED: &str = "451 4.5.0 malformed reply from the next hop";
const THREE: &str = "S: 220 lmtp ready
    C: LHLO server.example
    S: 250-lmtp
    S: 250-PIPELINING
    S: 250 8BITMIME
    C: MAIL FROM:<joe@example.com>
    C: RCPT TO:<a@example.org>
    C: RCPT TO:<b@example.org>
    C: RCPT TO:<c@example.org>
    C: DATA
    S: 250 OK\n";

fn to_three(body: impl Into<Body>) -> Message {
    let mut envelope = Envelope::new(sender("joe@example.com"));
    envelope.recipients = ["a@example.org", "b@example.org", "c@example.org"].map(recipient).into();
    Message::new(Arc::new(envelope), body.into(), facts().session().clone())
}

async fn deliver(message: Message, script: &str) -> Outcomes {
    let (connect, task) = next_hop(script);
    let outcomes = Lmtp::over(connect).oneshot(message).await.expect("the body is whole");
    task.await.expect("the client follows the script");
    outcomes
}

async fn outcomes(message: Message, script: &str) -> Vec<String> {
    as_text(&deliver(message, script).await)
}

#[tokio::test(start_paused = true)]
async fn each_recipient_has_its_own_answer() {
    let script = format!(
        "{THREE} S: 250 OK\n S: 250 OK\n S: 250 OK\n S: 354 go\n {CONTENT}
         S: 250 2.0.0 <a> saved\n S: 552 5.2.2 <b> is full\n S: 451 <c> later\n {QUIT}"
    );
    let expected = ["250 2.0.0 <a> saved", "552 5.2.2 <b> is full", "451 4.0.0 <c> later"];
    let outcomes = deliver(to_three(BODY), &script).await;
    assert_eq!(as_text(&outcomes), expected);
    let Outcomes::Each(replies) = outcomes else { panic!("the outcomes differ") };
    for reply in replies {
        // What it took is in its mailboxes.
        assert_eq!(reply.remote().unwrap().acceptance, Acceptance::Delivered);
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_refused_is_not_answered_for() {
    for (replies, answers, expected) in [
        (
            ["550 5.1.1 no a", "250 OK", "250 OK"],
            &["250 2.0.0 b", "450 4.2.0 c"][..],
            ["550 5.1.1 no a", "250 2.0.0 b", "450 4.2.0 c"],
        ),
        (
            ["250 OK", "452 4.2.2 full", "250 OK"],
            &["250 2.0.0 a", "250 2.0.0 c"],
            ["250 2.0.0 a", "452 4.2.2 full", "250 2.0.0 c"],
        ),
        (
            ["550 5.1.1 no a", "550 5.1.1 no b", "250 OK"],
            &["250 2.0.0 c"],
            ["550 5.1.1 no a", "550 5.1.1 no b", "250 2.0.0 c"],
        ),
    ] {
        let lines =
            |replies: &[&str]| replies.iter().map(|reply| format!("S: {reply}\n")).collect::<String>();
        let (replies, answers) = (lines(&replies), lines(answers));
        let script = format!("{THREE} {replies} S: 354 go\n {CONTENT} {answers} {QUIT}");
        assert_eq!(outcomes(to_three(BODY), &script).await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn where_all_are_refused_no_answer_is_waited_for() {
    let refused = "S: 550 5.1.1 a\n S: 550 5.1.1 b\n S: 550 5.1.1 c\n";
    let expected = ["550 5.1.1 a", "550 5.1.1 b", "550 5.1.1 c"];
    let proper = format!("{THREE} {refused} S: 503 5.5.1 no valid recipients\n {QUIT}");
    assert_eq!(outcomes(to_three(BODY), &proper).await, expected);
    // A server that wants content for nobody answers nothing to its end.
    let improper = format!("{THREE} {refused} S: 354 go\n");
    assert_eq!(outcomes(to_three(BODY), &improper).await, expected);
}

#[tokio::test(start_paused = true)]
async fn what_was_delivered_stays_delivered() {
    let taken = format!("{THREE} S: 250 OK\n S: 250 OK\n S: 250 OK\n S: 354 go\n {CONTENT}");
    let first = "250 2.0.0 a saved";
    for (end, expected) in [
        ("S: 250 2.0.0 a saved\n close\n", [first, BROKEN, BROKEN]),
        ("S~ 250 2.0.0 a saved\\r\\n250-2.0.0 b sa\n close\n", [first, BROKEN, BROKEN]),
        ("S: 250 2.0.0 a saved\n S: 550 5.2.1 b\n close\n", [first, "550 5.2.1 b", BROKEN]),
        ("S: 250 2.0.0 a saved\n hang\n", [first, SILENT, SILENT]),
        ("S: 250 2.0.0 a saved\n S: nonsense\n", [first, MALFORMED, MALFORMED]),
        // What is said beyond that is not the answer to QUIT.
        (
            "S~ 250 2.0.0 a saved\\r\\n550 5.2.1 b\\r\\n250 2.0.0 c\\r\\n250 2.0.0 d\\r\\n\n",
            [first, "550 5.2.1 b", "250 2.0.0 c"],
        ),
        (
            "S: 250 2.0.0 a saved\n S: 354 what?\n S: 250 c\n C: QUIT\n S: 221 bye\n",
            [first, UNEXPECTED, "250 2.0.0 c"],
        ),
        (
            "S: 250 2.0.0 a saved\n S: 421 4.3.2 going down\n",
            [first, "451 4.3.2 going down", "451 4.3.2 going down"],
        ),
    ] {
        assert_eq!(outcomes(to_three(BODY), &format!("{taken} {end}")).await, expected, "{end}");
    }
    assert_eq!(outcomes(to_three(BODY), &format!("{taken} close\n")).await, [BROKEN]);
}

#[tokio::test(start_paused = true)]
async fn a_server_without_lhlo_is_none_of_lmtp() {
    let script = format!("S: 220 mx ESMTP\n C: LHLO server.example\n S: 500 5.5.1 what?\n {QUIT}");
    assert_eq!(outcomes(message(BODY), &script).await, ["451 4.3.0 next hop takes no messages now"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_client_declared_goes_on() {
    let parameters = ["SIZE=34", "BODY=8BITMIME", "SMTPUTF8", "RET=HDRS", "ENVID=x+2By", "BY=100;R"];
    let script = format!(
        "S: 220 lmtp\n C: LHLO server.example
         S: 250-lmtp\n S: 250-PIPELINING\n S: 250-SIZE 1000\n S: 250-8BITMIME\n S: 250-SMTPUTF8\n S: 250 DSN
         C: MAIL FROM:<joe@example.com> SIZE=34 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=x+2By
         C: RCPT TO:<jane@example.org>\n C: RCPT TO:<jim@example.org>\n C: DATA
         S: 250 OK\n S: 250 OK\n S: 250 OK\n S: 354 go\n {CONTENT} S: 250 2.0.0 OK\n S: 250 2.0.0 OK\n {QUIT}"
    );
    assert_eq!(outcomes(message_with(&parameters, BODY), &script).await, ["250 2.0.0 OK"]);
}

#[tokio::test(start_paused = true)]
async fn binary_content_is_answered_for_each_too() {
    let script = format!(
        "S: 220 lmtp\n C: LHLO server.example
         S: 250-lmtp\n S: 250-PIPELINING\n S: 250-BINARYMIME\n S: 250 CHUNKING
         C: MAIL FROM:<joe@example.com> BODY=BINARYMIME
         C: RCPT TO:<jane@example.org>\n C: RCPT TO:<jim@example.org>
         S: 250 OK\n S: 250 OK\n S: 250 OK
         C: BDAT 4 LAST\n C: ab
         S: 250 2.0.0 jane\n S: 452 4.2.2 jim\n {QUIT}"
    );
    let message = message_with(&["BODY=BINARYMIME"], "ab\r\n");
    assert_eq!(outcomes(message, &script).await, ["250 2.0.0 jane", "452 4.2.2 jim"]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_serves_several_messages() {
    let one = "C: MAIL FROM:<joe@example.com>
         C: RCPT TO:<jane@example.org>\n C: RCPT TO:<jim@example.org>\n C: DATA
         S: 250 OK\n S: 250 OK\n S: 250 OK\n S: 354 go\n";
    let script = format!(
        "S: 220 lmtp\n C: LHLO server.example\n S: 250-lmtp\n S: 250 PIPELINING
         {one} {CONTENT} S: 250 2.0.0 jane\n S: 452 4.2.2 jim
         C: RSET\n S: 250 OK\n {one} {CONTENT} S: 250 2.0.0 jane\n S: 250 2.0.0 jim\n"
    );
    let (connect, task) = next_hop(&script);
    let pool = Pool::new(PoolOptions::default());
    let mut lmtp = Lmtp::over(connect).pool(pool.clone());
    let outcomes = lmtp.call(message(BODY)).await.unwrap();
    assert_eq!(as_text(&outcomes), ["250 2.0.0 jane", "452 4.2.2 jim"]);
    let outcomes = lmtp.call(message(BODY)).await.unwrap();
    assert_eq!(as_text(&outcomes), ["250 2.0.0 jane", "250 2.0.0 jim"]);
    assert_eq!(pool.idle(), 1);
    drop((lmtp, pool));
    task.await.unwrap();
}

#[tokio::test]
async fn within_one_host_no_tls_is_demanded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lmtp");
    let socket = tokio::net::UnixListener::bind(&path).unwrap();
    let serve = async {
        use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
        let (stream, _) = socket.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 lmtp\r\n").await.unwrap();
        let (mut heard, mut line) = (Vec::new(), String::new());
        for answer in ["250 lmtp", "250 OK", "550 5.1.1 no", "550 5.1.1 no", "221 bye"] {
            line.clear();
            stream.read_line(&mut line).await.unwrap();
            heard.push(line.trim_end().to_owned());
            stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
        }
        heard
    };
    let mut message = message_with(&["REQUIRETLS", "SIZE=9"], BODY);
    Arc::make_mut(&mut message.envelope).sender.parameters.insert(Parameter::parse("BODY=7BIT").unwrap());
    let (heard, outcomes) = tokio::join!(serve, Lmtp::unix(path).oneshot(message));
    assert_eq!(as_text(&outcomes.unwrap()), ["550 5.1.1 no"]);
    assert_eq!(heard[1], "MAIL FROM:<joe@example.com>");
    assert_eq!(heard.last().unwrap(), "QUIT");
}
