//! Python's parser reads what is written.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;
use smtp_core::{Acceptance, ForwardPath, Mailbox, Remote, Reply, ReversePath};
use smtp_delivery::bounce::{Fate, Notification, Original, Report};

use crate::{mail, notification, now, rcpt};

/// What Python makes of a message.
pub(crate) fn read(notification: &Notification) -> Value {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bounce/read.py");
    let mut python = Command::new("python3")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("python3; ci/test.sh installs it");
    python.stdin.take().expect("it is piped").write_all(&notification.content).expect("it reads");
    let output = python.wait_with_output().expect("it ends");
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        String::from_utf8_lossy(&notification.content)
    );
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The value of a field in a group of fields of the status.
fn value<'a>(read: &'a Value, group: usize, name: &str) -> Option<&'a str> {
    let fields = read["groups"][group].as_array().unwrap_or_else(|| panic!("group {group} of {read}"));
    fields.iter().find(|field| field[0] == name)?[1].as_str()
}

#[tokio::test]
async fn a_failure() {
    let sender = mail("joe@example.org", &["ENVID=QQ+2B314159"]);
    let jane = rcpt("jane@example.com", &["ORCPT=rfc822;j.doe+2Bx@example.org"]);
    let jim = rcpt("\"jim doe\"@example.net", &[]);
    let remote = || Remote::new("mx.example.com", Acceptance::PassedOn);
    let refused = Reply::new(550, "5.1.1 no such user\nask the postmaster").from_remote(remote());
    let content = "Message-ID: <2@example.org>\r\nSubject: lunch\r\n\r\nat noon?\r\n--=_\r\n";
    let original = Original::new(&sender, now()).received_from("client.example", Some([192, 0, 2, 1].into()));
    let full = Reply::new(552, "too much");
    let reports = [Report::of(&jane, &refused).last_attempt(now()), Report::of(&jim, &full)];
    let notification = notification(&original, &reports, content.into()).await;
    let read = read(&notification);

    assert_eq!(read["defects"], serde_json::json!([]));
    assert_eq!(read["report_type"], "delivery-status");
    assert_eq!(read["to"], serde_json::json!(["joe@example.org"]));
    assert_eq!(read["from"], serde_json::json!(["MAILER-DAEMON@mx.example.org"]));
    assert_eq!(read["headers"]["auto-submitted"], "auto-replied");
    assert_eq!(read["headers"]["in-reply-to"], "<2@example.org>");
    assert_eq!(read["headers"]["references"], "<2@example.org>");
    assert_eq!(read["status_type"], "message/delivery-status");
    assert_eq!(read["groups"].as_array().unwrap().len(), 3, "{read}");
    assert_eq!(value(&read, 0, "Original-Envelope-Id"), Some("QQ+314159"));
    assert_eq!(value(&read, 0, "Reporting-MTA"), Some("dns; mx.example.org"));
    assert_eq!(value(&read, 0, "Received-From-MTA"), Some("dns; client.example ([192.0.2.1])"));
    assert_eq!(value(&read, 1, "Original-Recipient"), Some("rfc822; j.doe+x@example.org"));
    assert_eq!(value(&read, 1, "Final-Recipient"), Some("rfc822; jane@example.com"));
    assert_eq!(value(&read, 1, "Status"), Some("5.1.1"));
    assert_eq!(value(&read, 1, "Remote-MTA"), Some("dns; mx.example.com"));
    let said = value(&read, 1, "Diagnostic-Code").unwrap().replace("\r\n", "").replace('\n', "");
    assert_eq!(said, "smtp; 550-5.1.1 no such user 550 5.1.1 ask the postmaster");
    assert_eq!(value(&read, 2, "Original-Recipient"), None);
    assert_eq!(value(&read, 2, "Final-Recipient"), Some("rfc822; \"jim doe\"@example.net"));
    assert_eq!(value(&read, 2, "Status"), Some("5.2.2"));
    assert_eq!(value(&read, 2, "Diagnostic-Code"), Some("X-Local; too much"));
    assert_eq!(read["returned"]["type"], "message/rfc822");
    assert_eq!(read["returned"]["text"], content.replace("\r\n", "\n").trim_end());
    let text = read["text"].as_str().unwrap();
    assert!(text.contains("mx.example.com answered:\n        550 5.1.1 no such user\n"), "{text}");
}

#[tokio::test]
async fn one_in_utf8() {
    let mailbox = |text| Mailbox::from_utf8(text).unwrap();
    let mut sender = mail("joe@example.org", &["SMTPUTF8"]);
    let mut jane = rcpt("x@example.com", &["ORCPT=utf-8;j\\x{E4}ne@example.com"]);
    jane.path = ForwardPath::from(mailbox("j\u{e4}ne@example.com"));
    let remote = Remote::new("mx.example.com", Acceptance::Relayed);
    let refused = Reply::new(550, "5.1.1 j\u{e4}ne?").from_remote(remote);
    let reports = [Report::of(&jane, &refused)];
    let content = "Subject: gr\u{fc}n = x\r\n\r\ngr\u{fc}n \r\n";
    for (path, encoding) in [("joe@example.org", "7bit"), ("j\u{f6}e@example.org", "8bit")] {
        sender.path = ReversePath::from(mailbox(path));
        let original = Original::new(&sender, now());
        let notification = notification(&original, &reports, content.into()).await;
        let utf8 = notification.envelope.sender.needs_utf8();
        assert_eq!((notification.content.is_ascii(), utf8), (encoding == "7bit", encoding == "8bit"));
        let read = read(&notification);
        // It knows nothing of addresses in UTF-8.
        if !utf8 {
            assert_eq!(read["defects"], serde_json::json!([]));
        }
        assert_eq!(read["to"], serde_json::json!([path]));
        assert_eq!(read["status_type"], "message/global-delivery-status");
        assert_eq!(value(&read, 1, "Original-Recipient"), Some("utf-8; j\u{e4}ne@example.com"));
        assert_eq!(value(&read, 1, "Final-Recipient"), Some("utf-8; j\u{e4}ne@example.com"));
        assert_eq!(value(&read, 1, "Diagnostic-Code"), Some("smtp; 550 5.1.1 j\u{e4}ne?"));
        assert_eq!(read["returned"]["type"], "message/global");
        assert_eq!(read["returned"]["text"], content.replace("\r\n", "\n").trim_end_matches('\n'));
        assert!(read["text"].as_str().unwrap().contains("<j\u{e4}ne@example.com>"), "{read}");
    }
}

#[tokio::test]
async fn what_comes_back_of_the_original() {
    let long = format!("X-Long: {}\r\n\r\n", "x".repeat(2000));
    let eight_bit = "Subject: gr\u{fc}n\r\n\r\ntext\r\n";
    let too_long = format!("Subject: lunch\r\n\r\n{}", "0123456\r\n".repeat(8000));
    for (parameters, fate, content, media_type, expected) in [
        (&[][..], Fate::Failed, "A: 1\r\n\r\nx\r\n", "message/rfc822", "A: 1\n\nx"),
        (&["RET=HDRS"], Fate::Failed, "A: 1\r\n\r\nx\r\n", "text/rfc822-headers", "A: 1"),
        (&["REQUIRETLS"], Fate::Failed, "A: 1\r\n\r\nx\r\n", "text/rfc822-headers", "A: 1"),
        (&["RET=FULL"], Fate::Delayed, "A: 1\r\n\r\nx\r\n", "text/rfc822-headers", "A: 1"),
        (&["RET=FULL"], Fate::Failed, &too_long, "text/rfc822-headers", "Subject: lunch"),
        (&["BODY=BINARYMIME"], Fate::Failed, "A: 1\r\n\r\nx\ny", "text/rfc822-headers", "A: 1"),
        (&["BODY=8BITMIME"], Fate::Failed, eight_bit, "message/rfc822", "Subject: gr\u{fc}n\n\ntext"),
        (&["RET=HDRS"], Fate::Failed, eight_bit, "text/rfc822-headers", "Subject: gr\u{fc}n"),
        (&["RET=HDRS", "SMTPUTF8"], Fate::Failed, eight_bit, "message/global-headers", "Subject: gr\u{fc}n"),
        (&[], Fate::Failed, &long, "text/rfc822-headers", long.trim_end()),
    ] {
        let (sender, jane) = (mail("joe@example.org", parameters), rcpt("jane@example.com", &[]));
        let original = Original::new(&sender, now());
        let notification = notification(&original, &[Report::new(&jane, fate)], content.into()).await;
        assert!(notification.content.len() < 60 * 1024);
        let read = read(&notification);
        let context = format!("{parameters:?} {fate:?} {read}");
        assert_eq!(read["returned"]["type"], media_type, "{context}");
        assert_eq!(read["returned"]["text"], expected, "{context}");
    }
}

#[tokio::test]
async fn its_size_is_bounded() {
    let sender = mail("joe@example.org", &[]);
    let refused = Reply::new(550, format!("5.1.1 {}", format!("{}\n", "x".repeat(1000)).repeat(500)));
    let refused = refused.from_remote(Remote::new("mx.example.com", Acceptance::Relayed));
    let content = format!("Subject: lunch\r\n\r\n{}", "0123456\r\n".repeat(5000));
    let recipients: Vec<_> = (0..1000).map(|number| rcpt(&format!("r{number}@example.com"), &[])).collect();
    let reports: Vec<_> = recipients.iter().map(|recipient| Report::of(recipient, &refused)).collect();
    let original = Original::new(&sender, now());
    for (recipients, octets) in [(1, 80 * 1024), (10, 300 * 1024), (1000, 2 * 1024 * 1024)] {
        let notification = notification(&original, &reports[..recipients], content.clone().into()).await;
        let size = notification.content.len();
        assert!(size < octets, "{recipients} recipients: {size}");
        assert_eq!(read(&notification)["groups"].as_array().map(Vec::len), Some(recipients + 1));
    }
}
