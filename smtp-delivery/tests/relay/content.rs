//! Content that a next hop need not take: 8-bit, and with long lines.

use smtp_core::Body;
use smtp_delivery::relay::LongLines;
use tower::ServiceExt;

use super::next_hop::relay;
use super::{as_text, message, message_with, outcomes_of};

const EIGHT_BIT: &str = "554 5.6.3 next hop takes no 8-bit content";
const LONG: &str = "554 5.6.0 a line of the message is too long for the next hop";

/// A session up to the content, with a next hop that offers this.
fn session(offer: &str, parameters: &str) -> String {
    format!(
        "S: 220 mx\n C: EHLO server.example\n S: 250-mx\n S: 250 {offer}\n
        C: MAIL FROM:<joe@example.com>{parameters}\n S: 250 OK\n C: RCPT TO:<jane@example.org>\n S: 250 OK\n
        C: RCPT TO:<jim@example.org>\n S: 550 5.1.1 no\n C: DATA\n S: 354 go\n"
    )
}

#[tokio::test(start_paused = true)]
async fn whether_content_is_8_bit_is_seen_in_the_content() {
    let refused = [EIGHT_BIT, "550 5.1.1 no"];
    let accepted = ["250 2.0.0 queued", "550 5.1.1 no"];
    for declared in [&[][..], &["BODY=8BITMIME"], &["BODY=7BIT"]] {
        let parameter = declared.iter().map(|text| format!(" {text}")).collect::<String>();
        // The connection ends within the content: the next hop does not take the part for the whole.
        let script = session("SIZE", "");
        let body = Body::from_stream(futures::stream::iter([
            Ok("Subject: x\r\n\r\n".into()),
            Ok("gr\u{fc}n\r\n".into()),
        ]));
        assert_eq!(outcomes_of(message_with(declared, body), &script).await, refused, "{declared:?}");
        let ascii = format!("{} C: a\n C: .\n S: 250 queued\n C: QUIT\n S: 221 bye", session("SIZE", ""));
        assert_eq!(outcomes_of(message_with(declared, "a\r\n"), &ascii).await, accepted, "{declared:?}");
        let eight_bit = session("8BITMIME", &parameter);
        let script = format!("{eight_bit} C: gr\u{fc}n\n C: .\n S: 250 queued\n C: QUIT\n S: 221 bye");
        let found = outcomes_of(message_with(declared, "gr\u{fc}n\r\n"), &script).await;
        assert_eq!(found, accepted, "{declared:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_next_hop_lacks_that_took_helo_alone_may_be_there_again() {
    let hello = "S: 220 mx\n C: EHLO server.example\n S: 500 what?\n C: HELO server.example\n S: 250 mx\n";
    let session =
        session("SIZE", "").replace("S: 220 mx\n C: EHLO server.example\n S: 250-mx\n S: 250 SIZE\n", hello);
    let later = ["451 4.6.3 next hop takes no 8-bit content", "550 5.1.1 no"];
    assert_eq!(outcomes_of(message("gr\u{fc}n\r\n"), &session).await, later);
    for (parameter, expected) in [
        ("SMTPUTF8", "451 4.6.7 next hop does not take internationalised mail"),
        ("BODY=BINARYMIME", "451 4.6.3 next hop does not take this kind of content"),
        ("REQUIRETLS", "451 4.7.10 next hop is not secure enough for this message"),
        ("BY=120;R", "451 4.3.3 next hop does not support DELIVERBY"),
        ("HOLDFOR=60", "451 4.3.3 next hop does not support FUTURERELEASE"),
    ] {
        let script = format!("{hello} C: QUIT\n S: 221 bye\n");
        assert_eq!(
            outcomes_of(message_with(&[parameter], "a\r\n"), &script).await,
            [expected],
            "{parameter}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn long_lines_are_refused_unless_something_else_is_chosen() {
    let (fits, long) = ("x".repeat(998), "x".repeat(999));
    let end = "C: .\n S: 250 queued\n C: QUIT\n S: 221 bye";
    let accepted = ["250 2.0.0 queued", "550 5.1.1 no"];
    let passed = |line: &str| format!("C: {line}\n");
    let divided = format!("C: {fits}\n C:  x\n");
    for (choice, line, written) in [
        (LongLines::Refuse, &fits, Some(passed(&fits))),
        (LongLines::Refuse, &long, None),
        (LongLines::Divide, &long, Some(divided)),
        (LongLines::PassOn, &long, Some(passed(&long))),
    ] {
        let begin = session("SIZE", "");
        let script = match &written {
            Some(written) => format!("{begin}{written}{end}"),
            None => begin,
        };
        let (relay, next_hop) = relay(&script);
        let body = Body::from(format!("{line}\r\n").into_bytes());
        let outcomes = relay.long_lines(choice).oneshot(message(body)).await.unwrap();
        next_hop.await.unwrap();
        let expected = if written.is_some() { accepted } else { [LONG, accepted[1]] };
        assert_eq!(as_text(&outcomes), expected, "{choice:?}");
    }
}
