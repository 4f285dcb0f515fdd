//! What the client declared, and what of it the next hop hears.

use std::sync::Arc;

use smtp_core::testing::{facts, recipient, sender};
use smtp_core::{Body, Domain, Envelope, Mail, Mailbox, Message, Parameter, Recipient};
use tower::ServiceExt;

use super::next_hop::relay;
use super::{BODY, QUIT, message, message_with, outcomes_of};

const KIND: &str = "554 5.6.3 next hop does not take this kind of content";
const LARGE: &str = "552 5.3.4 message too large for the next hop";
const TIME: &str = "554 5.3.3 next hop does not support DELIVERBY";
const HOLD: &str = "554 5.3.3 next hop does not support FUTURERELEASE";
const UTF8: &str = "550 5.6.7 next hop does not take internationalised mail";

fn hello(offers: &[&str]) -> String {
    let lines: String = offers.iter().map(|offer| format!("S: 250-{offer}\n")).collect();
    format!("S: 220 mx\n C: EHLO server.example\n S: 250-mx\n {lines} S: 250 HELP\n")
}

#[tokio::test(start_paused = true)]
async fn of_mail() {
    for (offers, parameters, expected) in [
        (&[][..], &["SIZE=10"][..], Ok("")),
        (&["SIZE"], &["SIZE=10", "AUTH=<>"], Ok(" SIZE=10")),
        (&["SIZE 10"], &["SIZE=10"], Ok(" SIZE=10")),
        (&["SIZE 9"], &["SIZE=10"], Err(LARGE)),
        (&["SIZE 0"], &["SIZE=10"], Ok(" SIZE=10")),
        (&["SIZE many"], &["SIZE=10"], Ok(" SIZE=10")),
        (&["SIZE"], &[], Ok("")),
        (&["SIZE"], &["SIZE=ten"], Ok("")),
        (&["8BITMIME"], &["SIZE=10", "BODY=8BITMIME"], Ok(" BODY=8BITMIME")),
        (&["8BITMIME"], &["BODY=7BIT"], Ok(" BODY=7BIT")),
        (&["SIZE"], &["BODY=7BIT"], Ok("")),
        (&["SIZE"], &["BODY=8BITMIME"], Ok("")),
        (&["8BITMIME"], &["BODY=BINARYMIME"], Err(KIND)),
        (&["8BITMIME", "BINARYMIME"], &["BODY=BINARYMIME"], Err(KIND)),
        (&["8BITMIME", "CHUNKING"], &["BODY=BINARYMIME"], Err(KIND)),
        (&["BINARYMIME", "CHUNKING"], &["BODY=BINARYMIME"], Ok(" BODY=BINARYMIME")),
        (&["8BITMIME"], &["BODY=16BIT"], Err(KIND)),
        (&["DSN"], &["RET=HDRS", "ENVID=a+2Bb"], Ok(" RET=HDRS ENVID=a+2Bb")),
        (&[], &["RET=HDRS", "ENVID=a+2Bb"], Ok("")),
        (&["MT-PRIORITY"], &["MT-PRIORITY=-3"], Ok(" MT-PRIORITY=-3")),
        (&["MT-PRIORITY MIXER"], &["MT-PRIORITY=4"], Ok(" MT-PRIORITY=4")),
        (&[], &["MT-PRIORITY=4"], Ok("")),
        (&["DELIVERBY 60"], &["BY=120;RT"], Ok(" BY=120;RT")),
        (&["DELIVERBY"], &["BY=120;N"], Ok(" BY=120;N")),
        (&[], &["BY=120;N"], Ok("")),
        (&[], &["BY=120;R"], Err(TIME)),
        (&[], &["BY=120;rT"], Err(TIME)),
        (&["FUTURERELEASE 86400 2030-01-01T00:00:00Z"], &["HOLDFOR=60"], Ok(" HOLDFOR=60")),
        (&[], &["HOLDFOR=60"], Err(HOLD)),
        (&[], &["HOLDUNTIL=2030-01-01T00:00:00Z"], Err(HOLD)),
        (&["SMTPUTF8", "8BITMIME"], &["SMTPUTF8"], Ok(" SMTPUTF8")),
        (&["8BITMIME"], &["SMTPUTF8"], Err(UTF8)),
        // What breaks its grammar, or nobody here knows, is not passed on.
        (&["DSN"], &["RET=ALL", "ENVID=a+2b"], Ok("")),
        (&["MT-PRIORITY"], &["MT-PRIORITY=10"], Ok("")),
        (&["DELIVERBY"], &["BY=soon;R"], Ok("")),
        (&["FUTURERELEASE"], &["HOLDFOR=soon"], Ok("")),
        (&["X-OURS"], &["X-OURS=1"], Ok("")),
    ] {
        let hello = hello(offers);
        let script = match expected {
            Ok(text) => format!("{hello} C: MAIL FROM:<joe@example.com>{text}\n S: 550 5.7.1 no\n {QUIT}"),
            Err(_) => format!("{hello}{QUIT}"),
        };
        let found = outcomes_of(message_with(parameters, BODY), &script).await;
        assert_eq!(found, [expected.err().unwrap_or("550 5.7.1 no")], "{offers:?} {parameters:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_rcpt() {
    for (offers, expected) in [
        (&["DSN"][..], [" NOTIFY=NEVER", " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;jim+2B@example.org"]),
        (&[], ["", ""]),
    ] {
        let mut envelope = Envelope::new(sender("joe@example.com"));
        envelope.recipients = vec![recipient("jane@example.org"), recipient("jim@example.org")];
        for (index, parameter) in
            [(0, "NOTIFY=NEVER"), (1, "NOTIFY=SUCCESS,DELAY"), (1, "ORCPT=rfc822;jim+2B@example.org")]
        {
            envelope.recipients[index].parameters.insert(Parameter::parse(parameter).unwrap());
        }
        let script = format!(
            "{} C: MAIL FROM:<joe@example.com>\n S: 250 OK\n C: RCPT TO:<jane@example.org>{}\n
            S: 550 5.1.1 no\n C: RCPT TO:<jim@example.org>{}\n S: 550 5.1.1 no\n {QUIT}",
            hello(offers),
            expected[0],
            expected[1]
        );
        let message = Message::new(Arc::new(envelope), Body::empty(), facts().session().clone());
        assert_eq!(outcomes_of(message, &script).await, ["550 5.1.1 no"]);
    }
}

/// RFC 2852 section 4.1.4.2.
#[tokio::test(start_paused = true)]
async fn who_does_not_keep_the_time_is_asked_to_tell_of_delays() {
    const BOTH: &[&str] = &["DSN", "DELIVERBY"];
    for (offers, by, notify, expected) in [
        (&["DSN"][..], Some("BY=120;N"), None, " NOTIFY=FAILURE,DELAY"),
        (&["DSN"], Some("BY=120;NT"), Some("NOTIFY=SUCCESS"), " NOTIFY=SUCCESS,DELAY"),
        (&["DSN"], Some("BY=120;N"), Some("NOTIFY=DELAY"), " NOTIFY=DELAY"),
        (&["DSN"], Some("BY=120;N"), Some("NOTIFY=NEVER"), " NOTIFY=NEVER"),
        (&["DSN"], None, None, ""),
        (&["DSN"], None, Some("NOTIFY=FAILURE"), " NOTIFY=FAILURE"),
        (&[], Some("BY=120;N"), Some("NOTIFY=FAILURE"), ""),
        (BOTH, Some("BY=120;N"), None, ""),
        (BOTH, Some("BY=120;R"), Some("NOTIFY=FAILURE"), " NOTIFY=FAILURE"),
    ] {
        let mut envelope = Envelope::new(sender("joe@example.com"));
        envelope.recipients = vec![recipient("jane@example.org")];
        let parameter = |text: &str| Parameter::parse(text).unwrap();
        by.into_iter().for_each(|by| envelope.sender.parameters.insert(parameter(by)));
        notify.into_iter().for_each(|notify| envelope.recipients[0].parameters.insert(parameter(notify)));
        let time = by.filter(|_| offers.len() > 1).map_or(String::new(), |by| format!(" {by}"));
        let script = format!(
            "{} C: MAIL FROM:<joe@example.com>{time}\n S: 250 OK\n C: RCPT TO:<jane@example.org>{expected}\n
            S: 550 5.1.1 no\n {QUIT}",
            hello(offers),
        );
        let message = Message::new(Arc::new(envelope), Body::empty(), facts().session().clone());
        assert_eq!(outcomes_of(message, &script).await, ["550 5.1.1 no"], "{offers:?} {by:?} {notify:?}");
    }
}

fn mailbox(text: &str) -> Mailbox {
    Mailbox::from_utf8(text).expect("a mailbox")
}

#[tokio::test(start_paused = true)]
async fn addresses_in_utf8() {
    let refused = "553 5.6.7 next hop does not take internationalised addresses";
    let message = |from: &str| {
        let mut envelope = Envelope::new(Mail::new(mailbox(from).into()));
        envelope.recipients = ["jane@example.org", "j\u{e4}n@example.org", "jan@b\u{fc}cher.example"]
            .map(|to| Recipient::new(mailbox(to).into()))
            .into();
        Message::new(Arc::new(envelope), Body::empty(), facts().session().clone())
    };
    let script = format!(
        "{} C: MAIL FROM:<joe@example.com> SMTPUTF8\n S: 250 OK\n C: RCPT TO:<jane@example.org>\n S: 550 5.1.1 no\n
        C: RCPT TO:<j\u{e4}n@example.org>\n S: 550 5.1.1 no\n C: RCPT TO:<jan@b\u{fc}cher.example>\n
        S: 550 5.1.1 no\n {QUIT}",
        hello(&["SMTPUTF8"])
    );
    assert_eq!(outcomes_of(message("joe@example.com"), &script).await, ["550 5.1.1 no"]);
    // Who has no need of the extension gets the message without it.
    let script = format!(
        "{} C: MAIL FROM:<joe@example.com>\n S: 250 OK\n C: RCPT TO:<jane@example.org>\n S: 550 5.1.1 no\n {QUIT}",
        hello(&[])
    );
    assert_eq!(outcomes_of(message("joe@example.com"), &script).await, ["550 5.1.1 no", refused, refused]);
    let found = outcomes_of(message("j\u{f6}@example.com"), &format!("{}{QUIT}", hello(&[]))).await;
    assert_eq!(found, [UTF8, refused, refused]);
}

#[tokio::test(start_paused = true)]
async fn our_own_name_is_said_in_ascii() {
    let (relay, next_hop) = relay("S: 220 mx\n C: EHLO xn--bcher-kva.example\n S: 421 later\n");
    let name = Domain::from_utf8("b\u{fc}cher.example").unwrap();
    assert!(relay.name(name).oneshot(message(BODY)).await.unwrap().fold().is_transient());
    next_hop.await.unwrap();
}
